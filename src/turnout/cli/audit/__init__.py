"""``turnout audit``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url


def audit(
    begin: Annotated[str | None, typer.Option("--from", help="A date or a time. Default: the beginning.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="A date, whose whole day counts, or a time.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only of this who, action, kind or subject (repeatable)."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Changes at most.")] = 50,
    as_json: AsJson = False,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """List the changes of keys, users, teams, models and prices, newest first: who, what, before and after.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from turnout.cli.keys.asking import asked, pair, printed, service_at

    from .drawing import draw_changes

    query = {name: value for name, value in (("from", begin), ("to", end)) if value is not None}
    query |= dict(pair(each, "--only") for each in only or []) | {"limit": str(limit)}
    rows = asked(service_at(url, config, data_dir), "GET", "/v1/audit", query=query)["data"]
    if as_json:
        printed(rows)
    else:
        draw_changes(rows)
