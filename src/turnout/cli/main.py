"""Runs the command that the command line names."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from turnout.cli.terminal import take_any_text
from turnout.errors import ConfigError, TurnoutError, UnknownModel
from turnout.version import __version__

from . import (
    audit,
    cache,
    chat,
    deployments,
    doctor,
    explain,
    keys,
    ledger,
    migrate,
    models,
    prices,
    replay,
    schema,
    secrets,
    serve,
    simulate,
    tokens,
    usage,
    vectors,
)
from .keys.accounts import accounts_app

app = typer.Typer(
    name="turnout",
    help="One self-hosted service in front of every language model.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,  # they show local variables, which can hold a secret
)
app.command("serve")(serve.serve)
app.command("chat")(chat.chat)
app.command("models")(models.models)
app.command("tokens")(tokens.tokens)
app.add_typer(deployments.app, name="deployments")
app.command("explain")(explain.explain)
app.command("replay")(replay.replay)
app.add_typer(keys.app, name="keys")
app.add_typer(accounts_app("users"), name="users")
app.add_typer(accounts_app("teams"), name="teams")
app.command("audit")(audit.audit)
app.add_typer(usage.app, name="usage")
app.add_typer(vectors.app, name="vectors")
app.add_typer(cache.app, name="cache")
app.add_typer(ledger.app, name="ledger")
app.add_typer(prices.app, name="prices")
app.add_typer(secrets.app, name="secrets")
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("simulate")(simulate.simulate)
app.command("schema")(schema.schema)


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"turnout {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """One self-hosted service in front of every language model."""


def main() -> None:
    """The entry point of ``turnout``. Turnout's own errors print one line, no traceback.

    Exit status 2: wrong usage or configuration. Exit status 1: any other failure.
    """
    take_any_text()
    try:
        app()
    except TurnoutError as error:
        print(f"turnout: {_message_of(error)}", file=sys.stderr)  # noqa: T201  # the command line speaks to people
        raise SystemExit(2 if isinstance(error, ConfigError) else 1) from None
    except OSError as error:  # for example a full disk behind standard output
        where = f": {error.filename}" if error.filename else ""
        print(f"turnout: {error.strerror or error}{where}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _message_of(error: TurnoutError) -> str:
    if isinstance(error, UnknownModel) and not error.close and not error.reason:
        return f"The model '{error.model}' does not exist here. `turnout models` lists what is served."
    return error.message
