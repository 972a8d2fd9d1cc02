"""``turnout simulate`` as a process."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.cli.support import run
from tests.support.process import Program, answers
from tests.support.turnout_server import COMMAND


def test_it_says_where_it_is_answers_and_leaves_when_told(tmp_path: Path) -> None:
    program = Program("simulate", [COMMAND, "simulate", "--port", "0"], tmp_path / "log")
    url = program.wait_for_log(r"Simulating every provider at http://127\.0\.0\.1:(\d+)\n")
    assert answers(int(url[1]), "/v1/models")
    program.stop()


def test_a_port_that_is_taken_is_a_line_and_status_2() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = run("simulate", "--port", str(port))
    assert ended.returncode == 2
    cure = "Address already in use. Choose another with --port."
    assert ended.stderr == f"turnout: Can't listen on 127.0.0.1:{port}: {cure}\n"


def test_a_host_that_is_none_of_this_machine_s_is_told_so() -> None:
    ended = run("simulate", "--host", "nosuch.invalid", "--port", "0")
    assert ended.returncode == 2
    assert ended.stderr.startswith("turnout: Can't listen on nosuch.invalid:0: ")
    assert ended.stderr.endswith(". Choose another with --host.\n")
