"""Looking at the configuration and at what providers serve, without starting anything."""

from __future__ import annotations

import asyncio
from functools import partial

from turnout.catalog import Catalog, Fetch
from turnout.gateway import fetch
from turnout.transport import Transport


async def look(catalog: Catalog) -> None:
    """Discovers models and gets prices, once."""
    transport = Transport()
    try:
        await look_with(catalog, partial(fetch, transport))
    finally:
        await transport.close()


async def look_with(catalog: Catalog, ask: Fetch) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(catalog.discover(ask))
        group.create_task(catalog.load_prices())
