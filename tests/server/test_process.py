"""The end of a serving process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from turnout.config import CommandLine
from turnout.gateway import GatewaySetup
from turnout.host import LocalControl
from turnout.server import process


class Asked(LocalControl):
    """A control process that others ask for much longer than they may."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0
        self.waited_for_all = False

    async def until_alone(self) -> None:
        self.waits += 1
        await asyncio.sleep(10)
        self.waited_for_all = True


@pytest.fixture
def ended_parent() -> Iterator[int]:
    """The descriptor by which a process notices its parent's end."""
    reading, writing = os.pipe()
    os.close(writing)
    before = signal.getsignal(signal.SIGINT)
    yield reading
    signal.signal(signal.SIGINT, before)
    os.close(reading)


def test_the_control_process_waits_for_the_others_and_not_for_ever(
    ended_parent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_OTHERS_SECONDS", 0.05)
    control = Asked()
    config = tmp_path / "turnout.yaml"
    config.write_text("server: {drain: 0.1}")
    setup = GatewaySetup(CommandLine(config=config, data_dir=str(tmp_path)), control)
    with capture_logs() as lines:
        process.run(setup, socket.create_server(("127.0.0.1", 0)), ended_parent)
    assert (control.waits, control.waited_for_all) == (1, False)
    told = [line["event"] for line in lines]
    assert told[-2:] == ["the control process stops while others still ask it", "stopped"]
