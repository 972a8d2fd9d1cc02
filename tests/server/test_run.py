"""The start of the service."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from turnout.config import CommandLine
from turnout.server import run


@pytest.fixture
def signals() -> Iterator[None]:
    """Ours do nothing, so that a test that fails doesn't end pytest."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_service_that_still_reads_its_configuration_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def reading(_: CommandLine) -> Any:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it was not stopped")

    monkeypatch.setattr(run, "GatewaySetup", reading)
    with pytest.raises(SystemExit) as ended:
        run.serve(CommandLine(), lambda *_: None)
    assert ended.value.code == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
