"""``turnout prices``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir

app = typer.Typer(help="Rate recorded attempts again by the prices that are known now.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", help="A date or a time, in UTC.")]
To = Annotated[str | None, typer.Option("--to", help="A date, whose whole day counts, or a time. Default: now.")]


@app.callback()
def prices() -> None:
    """Rate recorded attempts again by the prices that are known now."""


@app.command()
def recompute(
    begin: From,
    end: To = None,
    model: Annotated[str | None, typer.Option(help="Only attempts for this model, as clients name it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    as_json: AsJson = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Rate a period again by the prices of the configuration and the price book.

    Attempts keep all their ratings, the newest one counts. Works on the ledger of --data-dir, or that in DATABASE_URL.
    The service may go on meanwhile. A run that was stopped can be started again.
    """
    from .recomputing import print_differences, recomputed

    differences = recomputed(config, data_dir, (begin, end), model, dry_run=dry_run)
    print_differences(differences, as_json=as_json)
    if dry_run and not as_json:
        typer.echo("Nothing was changed.")
