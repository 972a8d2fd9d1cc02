from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cache.served import Served, config
from tests.e2e.backends import simulator_address
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout


@pytest.fixture(scope="session")
def served(simulator: Simulator, start_shared_turnout: StartTurnout) -> Iterator[Served]:
    """One server for most tests: each takes models of its own."""
    local = {"OLLAMA_URL": simulator_address(simulator, "ollama")}
    turnout = start_shared_turnout(config(simulator), env=local)
    yield Served(turnout, simulator)
    log = turnout.log()
    assert "a defect in Turnout" not in log
    assert "Traceback" not in log
