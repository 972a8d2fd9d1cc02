"""Running commands: in this process where that shows all there is, else as a person does."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from tempfile import TemporaryFile
from typing import Any

from typer.testing import CliRunner, Result

from tests.support.forked import start
from tests.support.simulator import Simulator
from tests.support.turnout_server import COMMAND
from turnout.cli.main import app

NO_COLOURS = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


def invoke(*words: str) -> Result:
    """Runs the command in this process, its output as in a pipe. What it raises is in ``exception``."""
    return CliRunner().invoke(app, list(words), env=NO_COLOURS)


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command as a process with ``stdin`` piped in."""
    command = [str(COMMAND), *words]
    piped_in, pipe = os.pipe()
    with os.fdopen(piped_in), TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        with os.fdopen(pipe, "w") as writing:
            writing.write(stdin)
        program = start(command, (piped_in, output.fileno(), errors.fileno()), os.environ | NO_COLOURS)
        try:
            code = program.wait(30)
        finally:
            program.send_signal(signal.SIGKILL)
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(command, code, output.read(), errors.read())


def seen_by(simulator: Simulator, model: str) -> list[dict[str, Any]]:
    """The attempts that a simulator in another process saw for a model, oldest first."""
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    try:
        connection.request("GET", "/__simulator/attempts")
        attempts: list[dict[str, Any]] = json.load(connection.getresponse())
    finally:
        connection.close()
    return [attempt for attempt in attempts if attempt["model"] == model]
