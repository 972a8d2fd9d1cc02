"""One round of discovery for commands that start no server."""

from __future__ import annotations

from functools import partial

from turnout.catalog import Catalog
from turnout.gateway import fetch
from turnout.transport import Transport


async def discover_once(catalog: Catalog) -> None:
    """Asks the providers for their models and adds these to the catalog."""
    transport = Transport()
    try:
        await catalog.discover(partial(fetch, transport))
    finally:
        await transport.close()
