"""A program that was forked can't be told from one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.forked import Forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

ITSELF = """
import atexit, os, signal, sys
print(sys.argv, __name__, __file__, sys.modules["__main__"].__dict__ is globals())
print({name: value for name, value in os.environ.items() if name != "LC_CTYPE"}, os.getcwd())
print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdin.read(), sys.stdout.encoding)
print([signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)])
print(os.getsid(0) == os.getpgid(0) == os.getpid(), [n for n in range(3, 99) if os.path.exists(f"/dev/fd/{n}")])
print(flush=True)
atexit.register(print, "at the end")
"""
ENDS = {
    "by itself": "",
    "with a code": "raise SystemExit(3)",
    "with words": "raise SystemExit('No.')",
    "by an error": "raise ValueError('no')",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "by Ctrl-C": "import os, signal; os.kill(os.getpid(), signal.SIGINT); signal.pause()",
}
Start = Callable[[list[str], int, dict[str, str]], "Forked | subprocess.Popen[bytes]"]


def started(command: list[str], output: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        start_new_session=True,
    )


def forked(command: list[str], output: int, env: dict[str, str]) -> Forked:
    with Path("/dev/null").open("rb") as nothing:
        return Forked(command, (nothing.fileno(), output, output), env)


def outcome(start: Start, script: Path) -> tuple[int, list[str]]:
    log = script.with_suffix(".log")
    with log.open("wb") as output:
        program = start([str(script), "--word", "ü"], output.fileno(), {"A": "1", "B": "ü"})
    return program.wait(20), log.read_text().splitlines()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_it_sees_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script"
    script.write_text(ITSELF + end)
    (code, lines), (forked_code, forked_lines) = outcome(started, script), outcome(forked, script)
    assert len(lines) > 4
    traceback = "Traceback (most recent call last):"
    at = lines.index(traceback) if traceback in lines else len(lines)
    assert (forked_code, forked_lines[:at]) == (code, lines[:at])
    assert forked_lines[-1:] == lines[-1:]


def test_it_takes_signals_and_is_waited_for(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("import signal; signal.pause()")
    with (tmp_path / "log").open("wb") as log:
        program, other = (forked([str(script)], log.fileno(), {}) for _ in range(2))
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.01)
    program.send_signal(signal.SIGTERM)
    assert [program.wait(20), program.wait(20), program.poll()] == [-signal.SIGTERM] * 3
    assert other.poll() is None
    os.killpg(other.pid, signal.SIGKILL)
    assert other.wait(20) == -signal.SIGKILL


def test_its_pid_is_nobody_elses_until_its_end_is_known(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("")
    with (tmp_path / "log").open("wb") as log:
        program = forked([str(script)], log.fileno(), {})
    deadline = time.monotonic() + 20
    while "State:\tZ" not in Path(f"/proc/{program.pid}/status").read_text():
        assert time.monotonic() < deadline
    os.kill(program.pid, 0)
    assert program.wait(20) == 0
