"""Turnout's provider simulator, as a process of its own: ``turnout simulate``."""

from __future__ import annotations

from pathlib import Path

from tests.support.process import Program, free_port
from tests.support.turnout_server import COMMAND


class Simulator:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.program = Program(
            "turnout simulate", [COMMAND, "simulate", "--port", str(self.port)], folder / "simulator.log"
        )
        self.program.wait_until_ready(self.port, "/ping")

    def stop(self) -> None:
        self.program.stop()
