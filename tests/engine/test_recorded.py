"""What the ledger is told of an attempt beside its answer: the conversation's name, and who was at fault."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.openai_wire import ENDPOINT, request_body
from turnout.core import ChatRequest, Outcome, Party
from turnout.engine.estimate import input_at_a_glance
from turnout.engine.settling import party_at_fault
from turnout.errors import TurnoutError, UpstreamBroken
from turnout.routing import Fault, conversation_name

FIRST = {"role": "user", "content": "Hello"}
ANSWERED = {"role": "assistant", "content": "Hi"}
LONG = {"role": "user", "content": "x" * 20_000}
IN_PARTS = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
SYSTEM = {"role": "system", "content": "Be kind."}


def turn(*messages: dict[str, Any]) -> ChatRequest:
    request = ENDPOINT.parse(request_body(messages=list(messages)))
    assert isinstance(request, ChatRequest)
    return request


@pytest.mark.parametrize(
    "later",
    [
        pytest.param((FIRST, ANSWERED), id="short"),
        pytest.param((FIRST, ANSWERED, LONG), id="unread"),
        pytest.param((IN_PARTS, ANSWERED, LONG), id="in-parts"),
        pytest.param((SYSTEM, FIRST, ANSWERED, LONG), id="behind-a-system-message"),
    ],
)
def test_all_turns_of_a_conversation_have_the_same_name(later: tuple[dict[str, Any], ...]) -> None:
    name = conversation_name(turn(FIRST), "one")
    assert len(name) == 16
    assert conversation_name(turn(*later), "one") == name


def test_conversations_of_two_keys_are_two() -> None:
    assert conversation_name(turn(FIRST), "one") != conversation_name(turn(FIRST), "two")
    assert conversation_name(turn(FIRST), "one") != conversation_name(turn(LONG), "one")


@pytest.mark.parametrize(
    ("outcome", "fault", "error", "party"),
    [
        ("outrun", None, None, None),
        ("client_gone", None, None, "client"),
        ("drained", None, None, "turnout"),
        ("failed", "request", UpstreamBroken(""), "client"),
        ("failed", None, UpstreamBroken(""), "client"),
        ("failed", "locked", UpstreamBroken(""), "turnout"),
        ("failed", None, None, "turnout"),
        ("cut", "broken", UpstreamBroken(""), "provider"),
        ("failed", "throttled", UpstreamBroken(""), "provider"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, TurnoutError) else str(value),
)
def test_who_was_at_fault(
    outcome: Outcome, fault: Fault | None, error: TurnoutError | None, party: Party | None
) -> None:
    assert party_at_fault(outcome, fault, error) == party


def test_the_input_is_estimated_by_its_size() -> None:
    assert input_at_a_glance(turn(FIRST), 400) == 100
    picture = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 99_000}}],
    }
    assert input_at_a_glance(turn(picture), 100_000) == 4_000, "most of it is no text"
