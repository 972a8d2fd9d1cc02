from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.library.support import isolate
from turnout import simulator


@pytest.fixture(autouse=True)
def nothing_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
async def simulated() -> AsyncIterator[simulator.Simulator]:
    """One simulator for all tests: it listens in this process, so a test sees at once what it saw."""
    async with simulator.start() as running:
        yield running


@pytest.fixture
def sim(simulated: simulator.Simulator) -> simulator.Simulator:
    """The simulator with an empty log."""
    simulated.clear()
    return simulated
