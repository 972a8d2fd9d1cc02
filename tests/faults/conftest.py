from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.faults import load
from tests.faults.stage import Stage, config, environment
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, start_shared_turnout: StartTurnout) -> Iterator[Stage]:
    """The server of all faults, and a simulator of its own, as its log is cleared again and again."""
    simulator = Simulator(tmp_path_factory.mktemp("simulator-of-faults"))
    turnout = start_shared_turnout(json.dumps(config(simulator)), env=environment(simulator))
    yield Stage(turnout, simulator)
    simulator.stop()
    assert "Traceback" not in turnout.log()


@pytest.fixture(scope="session", name="load")
def stage_of_load(tmp_path_factory: pytest.TempPathFactory, start_shared_turnout: StartTurnout) -> Iterator[Stage]:
    """The server of what is late or has a limit."""
    simulator = Simulator(tmp_path_factory.mktemp("simulator-of-load"))
    turnout = start_shared_turnout(json.dumps(load.config(simulator)), env=environment(simulator))
    yield Stage(turnout, simulator)
    simulator.stop()
    assert "Traceback" not in turnout.log()
