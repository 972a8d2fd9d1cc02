"""The start of the service."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from turnout.config import CommandLine
from turnout.server import process, run


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


@pytest.mark.usefixtures("signals")
def test_a_client_that_comes_before_the_first_worker_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever reads the address in the log may connect at once."""
    served: list[bytes] = []

    def run_process(setup: Any, listener: socket.socket) -> None:
        client, _ = listener.accept()
        served.append(client.recv(5))
        client.close()
        listener.close()

    def on_listening(setup: Any, host: str, port: int) -> None:
        with socket.create_connection((host, port), timeout=5) as client:
            client.sendall(b"early")

    monkeypatch.setattr(process, "run", run_process)
    monkeypatch.setattr(run, "configure_logs", lambda *_: None)
    run.serve(CommandLine(port=0, data_dir=str(tmp_path)), on_listening)
    assert served == [b"early"]
