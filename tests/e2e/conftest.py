from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.backends import Backend
from tests.e2e.clients import DIALECTS, Client
from tests.e2e.key_quoting_provider import key_quoting_provider
from tests.e2e.stage import SECRETS, Stage, config, environment
from tests.support.aimock import Aimock
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout


@pytest.fixture(scope="session")
async def stage(aimock: Aimock, simulator: Simulator, start_shared_turnout: StartTurnout) -> AsyncIterator[Stage]:
    """The shared server. Whatever it was asked, it may neither stumble nor tell a secret in its log."""
    async with key_quoting_provider() as key_quoting_url:
        turnout = start_shared_turnout(config(aimock, simulator, key_quoting_url), env=environment(simulator))
        yield Stage(turnout, aimock, simulator)
    log = turnout.log()
    assert "a defect in Turnout" not in log
    assert "Traceback" not in log
    assert [secret for secret in SECRETS if secret in log] == []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``client`` is each of the SDKs that the module names as its ``CLIENTS``, or that the test itself names."""
    named = any(marker.args[0] == "client" for marker in metafunc.definition.iter_markers("parametrize"))
    if "client" in metafunc.fixturenames and not named:
        metafunc.parametrize("client", getattr(metafunc.module, "CLIENTS", DIALECTS), indirect=True)


@pytest.fixture
def client(request: pytest.FixtureRequest, stage: Stage) -> Client:
    """One of the SDKs, talking to the shared server."""
    return Client(request.param, stage.turnout.url)


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Backends read as their model's name."""
    return val.model if isinstance(val, Backend) else None
