"""``turnout keys``"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

app = typer.Typer(help="Make, list, rotate and revoke the keys of the running service.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="KEY", help="Its id, name or prefix.")]
Name = Annotated[str | None, typer.Option(help="A name for people. No other key has it.")]
User = Annotated[str | None, typer.Option(help="Whose key it is.")]
Team = Annotated[str | None, typer.Option(help="The team that it is for.")]
Tier = Annotated[str | None, typer.Option(help="One of the configuration's tiers.")]
Models = Annotated[list[str] | None, typer.Option("--model", help="A model or a pattern it may use (repeatable).")]
Operations = Annotated[list[str] | None, typer.Option("--operation", help="A kind of request: chat (repeatable).")]
Limits = Annotated[list[str] | None, typer.Option("--limit", help="10/minute, '100000 tokens/hour' (repeatable).")]
Budget = Annotated[str | None, typer.Option(help="US dollars: 25 in all, or daily=1,monthly=20.")]
Expires = Annotated[str | None, typer.Option(help="A last day such as 2027-01-31, or a time with its zone.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A word of yours (repeatable).")]
Metadata = Annotated[list[str] | None, typer.Option("--metadata", metavar="NAME=TEXT", help="A note (repeatable).")]


@app.callback()
def keys(context: typer.Context, url: Url = None, config: Config = None, data_dir: DataDir = None) -> None:
    """Make, list, rotate and revoke keys, while the service runs.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from .asking import service_at

    context.obj = service_at(url, config, data_dir)


@app.command()
def create(
    context: typer.Context,
    name: Name = None,
    user: User = None,
    team: Team = None,
    tier: Tier = None,
    model: Models = None,
    operation: Operations = None,
    limit: Limits = None,
    budget: Budget = None,
    expires: Expires = None,
    tag: Tags = None,
    metadata: Metadata = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may change what is served, and make keys.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is the only line on standard output, and it is never shown again."""
    from .asking import created

    said: dict[str, Any] = {"name": name, "user": user, "team": team, "tier": tier, "expires": expires}
    said |= {"models": model, "operations": operation, "limits": limit, "tags": tag, "admin": admin}
    created(context.obj, said, budget, metadata, as_json=as_json)


@app.command("list")
def list_(
    context: typer.Context, user: User = None, team: Team = None, tier: Tier = None, as_json: AsJson = False
) -> None:
    """List all keys, those of the configuration first."""
    from .asking import all_rows, printed
    from .drawing import draw_keys

    rows = all_rows(context.obj, "/v1/keys", {"user": user, "team": team, "tier": tier})
    if as_json:
        printed(rows)
    else:
        draw_keys(rows)


@app.command()
def show(context: typer.Context, key: Id, as_json: AsJson = False) -> None:
    """Show one key."""
    from .asking import asked, printed
    from .drawing import draw_record

    record = asked(context.obj, "GET", f"/v1/keys/{key}")
    if as_json:
        printed(record)
    else:
        draw_record(record)


@app.command()
def explain(context: typer.Context, key: Id, as_json: AsJson = False) -> None:
    """Show what a key may do, and what counts its requests: each limit and budget, and whose it is."""
    from .asking import asked, printed
    from .drawing import draw_policy

    policy = asked(context.obj, "GET", f"/v1/keys/{key}/policy")
    if as_json:
        printed(policy)
    else:
        draw_policy(policy)


@app.command()
def rotate(
    context: typer.Context,
    key: Id,
    overlap: Annotated[int, typer.Option(min=0, help="Seconds for which the secret before is good, too.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret. It is the only line on standard output."""
    from .asking import rotated

    rotated(context.obj, key, overlap, as_json=as_json)


@app.command()
def revoke(context: typer.Context, key: Id) -> None:
    """Refuse a key from now on, for good. It stays in the list."""
    from .asking import asked

    record = asked(context.obj, "POST", f"/v1/keys/{key}/revoke")
    typer.echo(f"{record['id']} is revoked.")


@app.command()
def delete(context: typer.Context, key: Id) -> None:
    """Revoke a key, and take it off the list."""
    from .asking import asked

    asked(context.obj, "DELETE", f"/v1/keys/{key}")
    typer.echo(f"{key} is deleted.")
