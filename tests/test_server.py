"""The server as a process: it starts in time, says so, and leaves cleanly."""

from __future__ import annotations

import resource
import urllib.request

import pytest

from tests.support.process import answers
from tests.support.sdks import Question, openai
from tests.support.turnout_server import StartTurnout

pytestmark = pytest.mark.usefixtures("nothing_is_forked")

ECHO = {"models": {"echo": "echo/echo"}}
READY_SECONDS = 2.0


async def test_it_answers_until_it_is_stopped_and_then_leaves_cleanly(start_turnout: StartTurnout) -> None:
    server = start_turnout(ECHO)
    reply = await openai.ask(openai.client(server.openai_url), Question(prompt="ping pong", model="echo"), stream=True)
    assert reply.text == "ping pong"
    server.stop()
    assert not answers(server.port, "/ping")


def test_it_is_ready_in_time(start_turnout: StartTurnout) -> None:
    """What it computes until then, and the best of three in seconds, to which a busy machine may add as much again."""
    before, seconds = cpu_seconds(), []
    for _ in range(3):
        server = start_turnout(ECHO)
        seconds.append(server.program.started_in)
        server.kill()
    assert (cpu_seconds() - before) / 3 < READY_SECONDS
    assert min(seconds) < 2 * READY_SECONDS


def cpu_seconds() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_mistake_in_the_file_ends_it_at_once_naming_the_line(start_turnout: StartTurnout) -> None:
    with pytest.raises(AssertionError, match=r"(?s)ended with 2 .*turnout\.yaml:2: modles"):
        start_turnout("server: {}\nmodles: {}\n")


def test_another_process_takes_over_the_data(start_turnout: StartTurnout) -> None:
    first = start_turnout(ECHO)
    first.kill()
    second = start_turnout(ECHO, folder=first.folder)
    assert second.data_dir == first.data_dir
    second.stop()


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_load_balancers_may_ask_for_the_head_alone(start_turnout: StartTurnout, path: str) -> None:
    request = urllib.request.Request(f"{start_turnout(ECHO).url}{path}", method="HEAD")  # noqa: S310  # our own server
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        assert (reply.status, reply.read()) == (200, b"")
