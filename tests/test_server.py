"""The server as a process: it starts in time, says so, and leaves cleanly."""

from __future__ import annotations

import urllib.request

import pytest

from tests.support.process import answers
from tests.support.sdks import Question, openai
from tests.support.turnout_server import StartTurnout

ECHO = {"models": {"echo": "echo/echo"}}
READY_SECONDS = 2.0


async def test_it_answers_until_it_is_stopped_and_then_leaves_cleanly(start_turnout: StartTurnout) -> None:
    server = start_turnout(ECHO)
    reply = await openai.ask(openai.client(server.openai_url), Question(prompt="ping pong", model="echo"), stream=True)
    assert reply.text == "ping pong"
    server.stop()
    assert not answers(server.port, "/ping")


def test_it_is_ready_in_time(start_turnout: StartTurnout) -> None:
    """The best of three, since the machine may be busy."""
    assert min(start_turnout(ECHO).program.started_in for _ in range(3)) < READY_SECONDS


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
