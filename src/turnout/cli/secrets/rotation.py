"""Encrypts all stored API keys with another key, and says what it did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from turnout.catalog import Catalog, Reencrypted, reencrypt
from turnout.cli.database import BY_COMMAND, opened
from turnout.config import CommandLine
from turnout.storage import SECRET_KEY_VARIABLE


def rotate_all(config: Path | None, data_dir: str | None) -> bool:
    """Whether all are encrypted with the new key. Raises ``TurnoutError``."""
    catalog = Catalog(CommandLine(config=config, data_dir=data_dir))

    async def run() -> Reencrypted:
        async with opened(catalog) as database:
            return await reencrypt(await database.models(), catalog.vault, BY_COMMAND)

    done = asyncio.run(run())
    typer.echo(f"{_keys(done.number)} encrypted with {_which(done, in_file=catalog.vault.is_of_this_host)}.")
    for id_, why in done.refused.items():
        typer.echo(f"  {id_}: {why}", err=True)
    if done.refused:
        typer.echo(f"{_keys(len(done.refused))} as before. Give these models their key again with PUT.", err=True)
    return not done.refused


def _keys(number: int) -> str:
    return "1 API key is" if number == 1 else f"{number} API keys are"


def _which(done: Reencrypted, *, in_file: bool) -> str:
    if not in_file:
        return f"the key in {SECRET_KEY_VARIABLE}"
    return "a new key in secret.key" if done.made_key else "the key in secret.key, where an earlier rotation broke off"
