"""Every cell of the matrix is asked, nothing is lost on the way, and the page says what came of it.

``MATRIX=write`` writes the page (``make matrix``).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable

import pytest

from tests.e2e.matrix import endpoints
from tests.e2e.matrix.cell import Cell, cell_of
from tests.e2e.matrix.endpoints import ENDPOINTS
from tests.e2e.matrix.features import FEATURES
from tests.e2e.matrix.page import PAGE, Rows, page
from tests.e2e.matrix.sdks import SDKS
from tests.e2e.stage import Stage
from tests.support.contract import ON_WIRES

BESIDES = "Besides conversations"
AT_ONCE = asyncio.Semaphore(8)


@pytest.fixture(scope="session")
async def tables(stage: Stage) -> dict[str, Rows]:
    made: dict[str, Rows] = {}
    for dialect in SDKS:
        rows = [feature for feature in FEATURES if dialect in feature.asks]
        made[dialect] = {
            feature.name: await _row({p: cell_of(stage, dialect, p, feature) for p in ON_WIRES}) for feature in rows
        }
    made[BESIDES] = {
        endpoint.name: await _row({p: endpoints.endpoint_cell(stage, p, endpoint) for p in ON_WIRES})
        for endpoint in ENDPOINTS
    }
    return made


async def _row(asks: dict[str, Awaitable[Cell]]) -> dict[str, Cell]:
    async def one(ask: Awaitable[Cell]) -> Cell:
        async with AT_ONCE:
            return await ask

    return dict(zip(asks, await asyncio.gather(*map(one, asks.values())), strict=True))


@pytest.mark.parametrize("title", [*SDKS, BESIDES])
def test_nothing_is_lost(tables: dict[str, Rows], title: str) -> None:
    lost = {
        f"{name}, {provider}": cell.why
        for name, cells in tables[title].items()
        for provider, cell in cells.items()
        if cell.outcome == "lost"
    }
    assert not lost


def test_the_page_is_what_the_tests_say(tables: dict[str, Rows]) -> None:
    drawn = page(tables)
    if os.environ.get("MATRIX") == "write":
        PAGE.write_text(drawn)
    assert PAGE.read_text() == drawn, "docs/matrix.md is not what the tests say: `make matrix` writes it"
