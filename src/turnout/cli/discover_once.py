"""Looking at what providers serve, without starting anything."""

from __future__ import annotations

from functools import partial

from turnout.catalog import Catalog
from turnout.gateway import fetch
from turnout.transport import Transport


async def discover_once(catalog: Catalog) -> None:
    """Discovers models, once."""
    transport = Transport()
    try:
        await catalog.discover(partial(fetch, transport))
    finally:
        await transport.close()
