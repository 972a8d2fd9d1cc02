"""The harness tells the truth about the programs it runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import process
from tests.support.process import Program, answers, free_port

SERVE = (
    "import http.server as h, sys; "
    "h.test(h.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1', protocol='HTTP/1.1')"
)
LEAVE_CLEANLY = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True); "


@pytest.fixture(autouse=True)
def no_program_is_left_behind() -> Iterator[None]:
    before = list(process.running)
    yield
    assert process.running == before


def start(tmp_path: Path, source: str, *args: str) -> Program:
    return Program("it", [sys.executable, "-c", source, *args], tmp_path / "it.log")


def test_readiness_is_an_answer(tmp_path: Path) -> None:
    port = free_port()
    program = start(tmp_path, SERVE, str(port))
    program.wait_until_ready(port, "/")
    assert answers(port, "/")
    assert 0 < program.started_in < process.START_SECONDS
    program.kill()
    assert not answers(port, "/")


def test_a_program_that_ends_too_early_fails_at_once_with_its_log(tmp_path: Path) -> None:
    program = start(tmp_path, "raise SystemExit('no such file: turnout.yaml')")
    with pytest.raises(AssertionError, match=r"(?s)ended with 1 .*no such file: turnout.yaml"):
        program.wait_until_ready(free_port(), "/ping")


def test_the_log_can_be_waited_for(tmp_path: Path) -> None:
    program = start(tmp_path, LEAVE_CLEANLY + "print('listening on 42', flush=True); signal.pause()")
    assert program.wait_for_log(r"listening on (\d+)")[1] == "42"
    program.stop()


def test_stopping_insists_on_a_clean_exit(tmp_path: Path) -> None:
    program = start(tmp_path, "import signal; print('up', flush=True); signal.pause()")
    program.wait_for_log("up")
    with pytest.raises(AssertionError, match=f"ended with {-signal.SIGTERM} after SIGTERM"):
        program.stop()


def test_stopping_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    program = start(
        tmp_path,
        "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()",
    )
    program.wait_for_log("up")
    with pytest.raises(AssertionError, match="still running"):
        program.stop()


def test_our_keys_and_proxies_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    source = "import os; print(sorted({'OPENAI_API_KEY', 'HTTPS_PROXY', 'EXTRA'} & set(os.environ)))"
    program = Program("it", [sys.executable, "-c", source], tmp_path / "it.log", {"EXTRA": "1"})
    assert program.wait() == 0
    assert program.log() == "['EXTRA']\n"


FAILING = """
import sys
import pytest
from tests.support.process import Program

@pytest.fixture(scope="session")
def program(tmp_path_factory):
    log = tmp_path_factory.mktemp("it") / "it.log"
    return Program("it", [sys.executable, "-c", "import signal; signal.pause()"], log)

def hear(program, word):
    with program.log_path.open("a") as log:
        log.write("heard" + f": {word}\\n")

def test_before(program):
    hear(program, "before")

def test_now(program):
    hear(program, "now")
    assert False

def test_after(program):
    program.kill()
"""


def test_a_failed_test_shows_what_running_programs_logged_during_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_runtest_makereport, pytest_runtest_protocol\n"
    )
    (tmp_path / "test_it.py").write_text(FAILING)
    root = Path(__file__).parents[1]
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        root / "pyproject.toml",
        "-p",
        "no:cacheprovider",
        *("-n", "1"),  # as `make test` runs them: the report comes from another process
        tmp_path,
    ]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout
    assert said.count("log of it") == 1
    assert said.count("heard: now\n") == 1
    assert "heard: before" not in said
