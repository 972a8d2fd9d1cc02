"""``turnout models``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from turnout.cli.options import Agents, Config, DataDir
from turnout.cli.terminal import NO_WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import ModelRow

_REPORTED = ("unauthorized", "refused", "timeout", "unreadable")
"""Outcomes of discovery that are worth a line. A local server that isn't running is normal."""


def models(
    config: Config = None,
    agents: Agents = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List what is served: models, their deployments, prices, and where each is from.

    Looks at the configuration and asks the providers that environment and file give access to; needs no running server.
    """
    import asyncio

    import msgspec

    from turnout.catalog import Catalog
    from turnout.cli.discover_once import discover_once
    from turnout.config import CommandLine

    from .rows import rows_of

    catalog = Catalog(CommandLine(config=config, agents=agents, data_dir=data_dir))
    asyncio.run(discover_once(catalog))
    rows = rows_of(catalog)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    else:
        _print_table(rows)
    state = catalog.state()
    for problem in state.problems:
        typer.echo(problem, err=True)
    for finding in state.discovery:
        if finding.outcome in _REPORTED:
            typer.echo(f"{finding.title}: {finding.detail} `turnout doctor` says more.", err=True)


def _print_table(rows: Sequence[ModelRow]) -> None:
    import sys

    from rich.console import Console

    from .table import table_of

    console = Console(markup=False, highlight=False, emoji=False)
    if not sys.stdout.isatty():
        console.width = NO_WIDTH
    console.print(table_of(rows))
