"""``turnout tokens``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import Agents, Config, DataDir


def tokens(
    model: Annotated[str, typer.Option("--model", "-m", help="Any name of `turnout models`, or provider/model.")],
    text: Annotated[str, typer.Argument(help="A text, @FILE, or - for what is piped in.")] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Config = None,
    agents: Agents = None,
    data_dir: DataDir = None,
) -> None:
    """Count a text's tokens for a model, without asking it.

    Says whether the count is exact or estimated, which share of the model's context it fills, and what it would cost.
    """
    import asyncio

    import msgspec

    from turnout.catalog import Catalog
    from turnout.cli.discover_once import discover_once
    from turnout.config import CommandLine

    from .count_report import count_report

    content = _read(text)
    catalog = Catalog(CommandLine(config=config, agents=agents, data_dir=data_dir))
    asyncio.run(discover_once(catalog))
    report = count_report(catalog, content, model)
    typer.echo(msgspec.json.encode(report).decode() if as_json else report.line())


def _read(argument: str) -> str:
    import sys
    from pathlib import Path

    if argument == "-":
        return sys.stdin.read()
    if not argument.startswith("@"):
        return argument
    try:
        return Path(argument[1:]).read_text()
    except OSError as error:
        raise typer.BadParameter(f"{argument[1:]}: {error.strerror}.", param_hint="TEXT") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{argument[1:]} is not text in UTF-8.", param_hint="TEXT") from None
