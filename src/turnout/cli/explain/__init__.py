"""``turnout explain``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import Agents, AsJson, Config, DataDir, Url


def explain(
    request: Annotated[
        str, typer.Argument(help="A file with a request's body, or - for what is piped in. With --model: a prompt.")
    ] = "-",
    model: Annotated[str | None, typer.Option("--model", "-m", help="Explain a prompt to this model.")] = None,
    path: Annotated[
        str, typer.Option(help="The path that the request would be sent to: it tells the dialect.")
    ] = "/v1/chat/completions",
    url: Url = None,
    as_json: AsJson = False,
    config: Config = None,
    agents: Agents = None,
    data_dir: DataDir = None,
) -> None:
    """Show where a request would go, and why, without sending it.

    Each deployment in order, with the reason for its place, its scores, its health and its figures; and why the others
    would not be asked. Asks the running service; if there is none, the configuration alone, without health and figures.
    """
    import sys

    import msgspec

    from turnout.catalog import Catalog
    from turnout.cli.service import service_of
    from turnout.config import CommandLine

    from .asking import explanation_of, request_body
    from .table import print_explanation

    body = request_body(request, model, path)
    catalog = Catalog(CommandLine(config=config, agents=agents, data_dir=data_dir))
    service = service_of(catalog, url)
    is_there = url is not None or service.is_there()
    explanation = explanation_of(body, catalog, service if is_there else None)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(explanation), indent=2))
    else:
        print_explanation(explanation)
    if not is_there:
        note = f"No Turnout answers at {service.url}: this is by the configuration alone, without health and figures."
        print(note, file=sys.stderr)  # noqa: T201  # the command line speaks to people
