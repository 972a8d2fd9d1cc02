"""Fixtures for every test: aimock and the simulator as upstreams, and servers of the product."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import forked, process
from tests.support.aimock import CLI, Aimock
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, turnouts

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
"""How long an example takes says how busy the machine is, and is no fault."""


def pytest_configure() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and programs inherit that: not those of our tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()


def pytest_collection_finish() -> None:
    """Some 13,000 tests stay for good: the garbage collector needn't look at each of them again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="module")
def earlier_objects_are_frozen() -> None:
    """For tests that let the garbage collector look at everything: at what is there already it needn't look.

    It stays frozen. To thaw it would make each later collection look at all tests of this run.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    """One aimock for all tests; its answers don't depend on what was asked before."""
    if not CLI.exists():
        reason = "aimock is not installed: `make test` installs it from npm, which failed or was not run"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    server = Aimock(tmp_path_factory.mktemp("aimock"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for all tests; faults are chosen by each request, so that tests don't meet."""
    server = Simulator(tmp_path_factory.mktemp("simulator"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One Postgres for all tests; each takes databases of its own."""
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def redis_program() -> str:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is not None:
        return program
    reason = "there is no redis-server on this machine: install Redis or Valkey"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def redis_server(redis_program: str) -> Iterator[RedisServer]:
    """One for all tests; each takes gauges of its own."""
    server = RedisServer(redis_program)
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgres"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/turnout.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def start_turnout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    """Starts servers that live as long as the test."""
    with turnouts(tmp_path_factory.mktemp("turnout")) as start:
        yield start


@pytest.fixture(scope="session")
def start_shared_turnout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    """Starts servers that live as long as the session, for session fixtures that several tests share."""
    with turnouts(tmp_path_factory.mktemp("shared-turnout")) as start:
        yield start


@pytest.fixture
def nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of how Python loads Turnout: each server is a new process, as users start it."""
    monkeypatch.setattr(forked, "may_be_forked", lambda _words, _env: False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    for program in process.running:
        program.mark_log()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows with a failed test what the programs that are running have logged during it."""
    report = yield
    if report.failed:
        for program in process.running:
            if said := program.log_tail():
                report.sections.append((f"log of {program.name} (process {program.pid})", said))
    return report
