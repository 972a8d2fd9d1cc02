"""``turnout migrate``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import Config, DataDir


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing. Exit status 1 if something is missing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, and list what is missing.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Change the database's tables to those that this version needs.

    Every start does the same. Works on the database of --data-dir, or that in DATABASE_URL.
    """
    import asyncio

    from turnout.catalog import Catalog
    from turnout.cli.database import opened
    from turnout.config import CommandLine

    catalog = Catalog(CommandLine(config=config, data_dir=data_dir))

    async def run() -> list[tuple[str, str]]:
        async with opened(catalog) as database:
            missing = await database.missing_migrations()
            if not (check or dry_run):
                await database.migrate()
            return missing

    missing = asyncio.run(run())
    if not missing:
        typer.echo("The database has all tables that this version needs.")
        return
    if dry_run:
        for number, title in missing:
            typer.echo(f"{number}  {title}")
    typer.echo(f"Migrations {'that are missing' if check or dry_run else 'that were made'}: {len(missing)}")
    if check:
        raise typer.Exit(1)
