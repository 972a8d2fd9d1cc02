"""``turnout replay``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import Agents, AsJson, Config, DataDir


def replay(
    config: Config = None,
    hours: Annotated[float, typer.Option(min=0.01, help="Replay the requests of so many hours up to now.")] = 24,
    as_json: AsJson = False,
    agents: Agents = None,
    data_dir: DataDir = None,
) -> None:
    """Route recorded requests by another configuration, without sending any.

    Shows which of them would have gone elsewhere, and what that would have changed in cost and time, by the ledger's
    figures. Give the other configuration with --config, and the ledger's folder with --data-dir.
    """
    import asyncio
    import time

    import msgspec

    from turnout.catalog import Catalog
    from turnout.cli.discover_once import discover_once
    from turnout.config import CommandLine

    from .history import read_history
    from .report import print_report
    from .rerouting import replayed

    catalog = Catalog(CommandLine(config=config, agents=agents, data_dir=data_dir))
    asyncio.run(discover_once(catalog))
    history = asyncio.run(read_history(catalog.settings.data_dir, time.time() - hours * 3600))
    report = replayed(history, catalog.snapshot, hours)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        print_report(report)
