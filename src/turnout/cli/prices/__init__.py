"""``turnout prices``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from turnout.cli.options import AsJson, Config, DataDir


class _ModelOrCommand(TyperGroup):
    """``turnout prices MODEL`` is ``turnout prices show MODEL``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


app = typer.Typer(
    cls=_ModelOrCommand,
    help="Show prices, take a newer price book, rate recorded attempts again.",
    invoke_without_command=True,
    subcommand_metavar="[MODEL | COMMAND [ARGS]...]",
)

From = Annotated[str, typer.Option("--from", help="A date or a time, in UTC.")]
To = Annotated[str | None, typer.Option("--to", help="A date, whose whole day counts, or a time. Default: now.")]


@app.callback()
def prices(context: typer.Context, as_json: AsJson = False, config: Config = None, data_dir: DataDir = None) -> None:
    """List the versions of the price book that were taken, newest first; or show the rates of a MODEL.

    All processes on one database bill by the newest version.
    """
    if context.invoked_subcommand is None:
        from .books import print_versions

        print_versions(config, data_dir, as_json=as_json)


@app.command()
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A served model, or a provider's name of one.")],
    as_json: AsJson = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Show the rates of a model: of each of its deployments, or else of what the price book calls so."""
    from .rates import print_rates

    print_rates(config, data_dir, model, as_json=as_json)


@app.command()
def diff(
    version: Annotated[
        str | None, typer.Argument(help="A version that was taken, compared with the one that counts.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Show what the price book that ships with this Turnout changes: models added, removed, and with other rates."""
    from .books import print_differences

    print_differences(config, data_dir, version, as_json=as_json)


@app.command()
def take(
    version: Annotated[str | None, typer.Argument(help="A version that was taken before.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Bill by the price book that ships with this Turnout, or by one that was taken before."""
    from .books import take_version

    typer.echo(f"The price book {take_version(config, data_dir, version)} counts now.")


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


@app.command()
def reconcile(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.csv...", help="Exports of usage or costs.")],
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=PATTERN]",
            help="Only what was billed for this key of the provider's, by its name or id; and what was recorded of "
            "deployments whose id matches the pattern (repeatable).",
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Compare what OpenAI or Anthropic billed with what was recorded, by day, model and key.

    The files are what the provider's console exports of usage and of costs.
    """
    from .reconciling import keys_of, print_csv, print_table, reconciled

    keys = keys_of(key or [])
    compared = reconciled(config, data_dir, files, keys)
    if as_csv:
        print_csv(compared)
    else:
        print_table(compared, with_keys=bool(keys))
