"""``turnout deployments``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

app = typer.Typer(
    help="List the deployments of the running service with their state, or open, close and drain one by hand.",
    invoke_without_command=True,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="A deployment's id, as the list has it.")]


@app.callback()
def deployments(
    context: typer.Context, url: Url = None, as_json: AsJson = False, config: Config = None, data_dir: DataDir = None
) -> None:
    """List every deployment with its state, reason, since when, and figures; or open, close and drain one by hand.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from turnout.catalog import Catalog
    from turnout.cli.service import service_of
    from turnout.config import CommandLine

    from .table import print_table, rows_in

    service = context.obj = service_of(Catalog(CommandLine(config=config, data_dir=data_dir)), url)
    if context.invoked_subcommand is not None:
        return
    answer = service.ask("GET", "/v1/deployments")
    if as_json:
        typer.echo(answer.decode())
    else:
        print_table(rows_in(answer))


@app.command("open")
def open_(context: typer.Context, deployment: Id) -> None:
    """Keep requests away from a deployment."""
    _mark(context, deployment, "open")


@app.command()
def close(context: typer.Context, deployment: Id) -> None:
    """Let a deployment have its requests, whatever fails."""
    _mark(context, deployment, "closed")


@app.command()
def drain(context: typer.Context, deployment: Id) -> None:
    """Let a deployment have no new requests; those under way come to their end. Then the list says `drained`."""
    _mark(context, deployment, "draining")


@app.command()
def release(context: typer.Context, deployment: Id) -> None:
    """Take the mark away: the deployment's health decides again."""
    _mark(context, deployment, None)


def _mark(context: typer.Context, deployment: str, mark: str | None) -> None:
    import msgspec

    from turnout.cli.service import Service

    service: Service = context.obj
    answer = service.ask("PUT", f"/v1/deployments/{deployment}", msgspec.json.encode({"mark": mark}))
    problem = msgspec.json.decode(answer)["marks_problem"]
    typer.echo(f"{deployment}: {f'{mark}, by hand' if mark else 'its health decides'}")
    if problem:
        typer.echo(problem, err=True)
