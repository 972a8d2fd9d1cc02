"""``turnout cache``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

app = typer.Typer(help="Show what the running service's cache has saved, or purge it.", no_args_is_help=True)

_PATH = "/v1/cache"


@app.callback()
def cache(context: typer.Context, url: Url = None, config: Config = None, data_dir: DataDir = None) -> None:
    """Show what the cache has found and saved, or throw kept answers away.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from turnout.cli.keys.asking import service_at

    context.obj = service_at(url, config, data_dir)


@app.command()
def stats(context: typer.Context, as_json: AsJson = False) -> None:
    """Show hits and misses, what they have saved, and how full the memory is."""
    from turnout.cli.keys.asking import asked, printed

    from .drawing import draw

    record = asked(context.obj, "GET", _PATH)
    if as_json:
        printed(record)
    else:
        draw(record)


@app.command()
def purge(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="Only answers of this model.")] = None,
    key: Annotated[str | None, typer.Option(help="Only what this key asked for first: its id, name or prefix.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only answers to requests with this tag, or of keys with it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every answer.")] = False,
) -> None:
    """Throw kept answers away: those that all options fit."""
    from turnout.cli.keys.asking import asked

    said = {name: text for name, text in (("model", model), ("key_id", key), ("tag", tag)) if text is not None}
    if bool(said) == everything:
        raise typer.BadParameter("Say which answers, with --model, --key or --tag; or --all.")
    purged = asked(context.obj, "DELETE", _PATH, query=said)["purged"]
    typer.echo(f"{purged} answer{'' if purged == 1 else 's'} purged.")
