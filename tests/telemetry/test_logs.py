"""One event a line, on standard error, ours and the libraries' alike."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, structlog
from turnout.core import Secret
from turnout.telemetry import configure_logs

configure_logs({level!r}, {form!r})
log = structlog.get_logger("turnout.test")
structlog.contextvars.bind_contextvars(request_id="req_1")
log.debug("quiet")
log.info("spoken", model="größe", key=Secret("sk-secret"), text="two\\nlines")
logging.getLogger("somebody.else").warning("careful with %s", "that")
logging.getLogger("aiosqlite").info("noise")
try:
    secret = "sk-secret"
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""


def lines(level: str, form: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(level=level, form=form)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""
    return ran.stderr.splitlines()


def test_json_is_one_object_a_line() -> None:
    spoken, careful, failed = [json.loads(line) for line in lines("info", "json")]
    assert (spoken["event"], spoken["level"], spoken["model"], spoken["text"]) == (
        "spoken",
        "info",
        "größe",
        "two\nlines",
    )
    assert spoken["request_id"] == "req_1"
    assert spoken["timestamp"].endswith("Z")
    assert (careful["event"], careful["level"]) == ("careful with that", "warning")
    assert (failed["event"], failed["level"]) == ("failed", "error")
    assert "ValueError: broken" in failed["exception"]


@pytest.mark.parametrize(("level", "count"), [("DEBUG", 4), ("warning", 2), ("ERROR", 1)])
def test_the_level_is_kept(level: str, count: int) -> None:
    assert len(lines(level, "json")) == count


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_shown_and_no_local_variable(form: str) -> None:
    output = "\n".join(lines("debug", form))
    assert "spoken" in output
    assert "ValueError: broken" in output
    assert "Secret(***)" in output
    assert "sk-secret" not in output


def test_people_get_plain_lines() -> None:
    output = lines("info", "console")
    assert any("spoken" in line and "req_1" in line for line in output)
    assert "\x1b" not in "".join(output), "colours are for terminals"


PYTHONS_OWN = """
import logging, threading, warnings
from turnout.telemetry import configure_logs

configure_logs("info", "json")
warnings.warn("old", stacklevel=1)
logging.getLogger("python_multipart.multipart").warning("a client's mistake")

def fail():
    raise ValueError("in a thread")

thread = threading.Thread(target=fail)
thread.start()
thread.join()

class Late:
    def __del__(self):
        raise ValueError("too late")

Late()
raise ValueError("at the end")
"""


def test_what_python_itself_would_write_is_logged() -> None:
    ran = subprocess.run([sys.executable, "-c", PYTHONS_OWN], capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in ran.stderr.splitlines()]
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "UserWarning: old" in events[0]["event"]
    ends = [line["exception"].rpartition("ValueError: ")[2] for line in events[1:]]
    assert ends == ["in a thread", "too late", "at the end"]
    assert {line["level"] for line in events[1:]} == {"critical"}


ENDING_ON_PURPOSE = """
import sys, threading
from turnout.telemetry import configure_logs

configure_logs("info", "json")
thread = threading.Thread(target=sys.exit)
thread.start()
thread.join()
raise KeyboardInterrupt
"""


def test_an_end_on_purpose_is_no_error() -> None:
    ran = subprocess.run([sys.executable, "-c", ENDING_ON_PURPOSE], capture_output=True, text=True, check=False)
    assert (ran.returncode != 0, ran.stderr) == (True, "")
