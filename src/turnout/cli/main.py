"""Finds the commands and runs the one that was asked for."""

from __future__ import annotations

import sys

import typer

from turnout.errors import TurnoutError

from . import schema, serve

app = typer.Typer(
    name="turnout",
    help="One self-hosted service in front of every language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show local variables, and among them could be a secret
)
app.command("serve")(serve.serve)
app.command("schema")(schema.schema)


def main() -> None:
    """The entry of ``turnout``: errors of ours are a line, not a traceback."""
    try:
        app()
    except TurnoutError as error:
        print(f"turnout: {error.message}", file=sys.stderr)  # noqa: T201  # the command line speaks to people
        raise SystemExit(1) from None
