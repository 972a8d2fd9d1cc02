from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from turnout import simulator


@pytest.fixture(scope="session")
async def simulated() -> AsyncIterator[simulator.Simulator]:
    """One simulator in this process for all tests that don't look at its log."""
    async with simulator.start() as running:
        yield running


@pytest.fixture
async def fresh() -> AsyncIterator[simulator.Simulator]:
    """A simulator with an empty log."""
    async with simulator.start() as running:
        yield running
