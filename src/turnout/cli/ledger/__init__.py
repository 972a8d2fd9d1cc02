"""``turnout ledger``"""

from __future__ import annotations

import typer

from turnout.cli.options import Config, DataDir

app = typer.Typer(
    help="Compare the sums of usage with the ledger's attempts, or make them again.", no_args_is_help=True
)


@app.command()
def verify(config: Config = None, data_dir: DataDir = None) -> None:
    """Compare the sums of usage with the attempts. Exit status 1 if they differ.

    Reads the ledger of --data-dir, or that in DATABASE_URL. The service may go on meanwhile.
    """
    from .upkeep import verify_all

    if not verify_all(config, data_dir):
        raise typer.Exit(1)


@app.command()
def rebuild(config: Config = None, data_dir: DataDir = None) -> None:
    """Make the sums of usage again from the attempts.

    Sums of attempts that are no longer kept stay as they are. The service may go on meanwhile.
    """
    from .upkeep import rebuild_all

    rebuild_all(config, data_dir)
