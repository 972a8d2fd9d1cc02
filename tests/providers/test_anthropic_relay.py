"""A reply is passed on to a client of the same wire byte for byte, and the ledger gets what it needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.anthropic_wire import (
    MESSAGE_STOP,
    PROVIDER,
    STREAMED,
    UNARY,
    block_delta,
    block_start,
    block_stop,
    message_delta,
    message_start,
    read,
    relayed_bytes,
    sse,
    whole_stream,
)
from tests.support.failures import bare
from turnout.core import Failure, Finish, Relayed, StreamEvent, Usage, UsageSoFar
from turnout.core.framing import LIMIT
from turnout.errors import UpstreamBroken

TEXT = block_start(0, {"type": "text", "text": ""})
HELLO = block_delta(0, "text_delta", text="Hello")


def ledger_events(events: list[StreamEvent]) -> list[StreamEvent]:
    return [event for event in events if not isinstance(event, Relayed)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_every_byte_is_passed_on_and_usage_and_finish_are_noted(line_end: str) -> None:
    stop = message_delta("stop_sequence", stop_sequence="END")
    data = sse(message_start(), TEXT, {"type": "ping"}, HELLO, block_stop(0), stop, MESSAGE_STOP, line_end=line_end)
    events = read(PROVIDER.relay(STREAMED), data)
    assert relayed_bytes(events) == data
    assert ledger_events(events) == [
        UsageSoFar(Usage(input=12, output=1)),
        UsageSoFar(Usage(input=12, output=30)),
        Finish("stop", "stop_sequence", stop_sequence="END"),
    ]


def test_whole_events_without_news_are_passed_on_as_they_came() -> None:
    events = PROVIDER.relay(STREAMED).feed(sse(HELLO, HELLO, {"type": "ping"}))
    assert events == [Relayed(sse(HELLO)), Relayed(sse(HELLO)), Relayed(sse({"type": "ping"}), False)]


def test_half_an_event_waits_for_the_rest() -> None:
    relay = PROVIDER.relay(STREAMED)
    first, second = sse(TEXT), sse(HELLO)
    assert relay.feed(first + second[:20]) == [Relayed(first, content=False)]
    assert relay.feed(second[20:]) == [Relayed(second, content=True)]


@pytest.mark.parametrize(
    ("event", "content"),
    [
        pytest.param(message_start(), False, id="beginning"),
        pytest.param(message_start(content=[{"type": "text", "text": "x"}]), True, id="beginning-with-content"),
        pytest.param(TEXT, False, id="block-start"),
        pytest.param(HELLO, True, id="delta"),
        pytest.param({"type": "ping"}, False, id="ping"),
        pytest.param(message_delta("end_turn"), False, id="end"),
    ],
)
def test_knows_what_carries_a_part_of_the_answer(event: dict[str, Any], content: bool) -> None:
    (relayed,) = [each for each in PROVIDER.relay(STREAMED).feed(sse(event)) if isinstance(each, Relayed)]
    assert relayed.content is content


def test_a_text_about_events_is_not_an_event() -> None:
    text = 'data: {"type":"error","error":{"type":"api_error"}} and "message_delta" and "stop_reason":"refusal"'
    data = sse(TEXT, block_delta(0, "text_delta", text=text), block_delta(0, "text_delta", text="message_start"))
    events = read(PROVIDER.relay(STREAMED), data)
    assert (relayed_bytes(events), ledger_events(events)) == (data, [])


def test_an_error_is_told_and_not_passed_on() -> None:
    """The dialect writes its own error, with the request's id."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}
    before = sse(message_start(), TEXT, HELLO)
    events = read(PROVIDER.relay(STREAMED), before + sse(error, HELLO))
    assert relayed_bytes(events) == before
    assert bare(events)[-1] == Failure("Slow down", "rate_limit_error", 429)


def test_nothing_is_passed_on_after_an_error() -> None:
    relay = PROVIDER.relay(STREAMED)
    relay.feed(sse({"type": "error", "error": {"type": "api_error", "message": "x"}}))
    assert relay.feed(sse(HELLO)) == relay.close() == []


def test_a_second_message_in_the_middle_of_the_first_breaks_the_stream() -> None:
    relay = PROVIDER.relay(STREAMED)
    before = sse(message_start(), TEXT, HELLO)
    assert relayed_bytes(relay.feed(before + sse(message_start(id="msg_2"), TEXT))) == before
    with pytest.raises(UpstreamBroken, match="another message"):
        relay.feed(sse(HELLO))


def test_a_beginning_told_twice_counts_once_and_is_passed_on() -> None:
    data = sse(message_start(), message_start())
    events = read(PROVIDER.relay(STREAMED), data)
    assert (relayed_bytes(events), len(ledger_events(events))) == (data, 1)


def test_a_last_event_without_its_blank_line_gets_it() -> None:
    data = whole_stream(TEXT, HELLO, block_stop(0))
    assert relayed_bytes(read(PROVIDER.relay(STREAMED), data.rstrip())) == data


def test_half_an_event_at_the_end_is_not_passed_on() -> None:
    relay = PROVIDER.relay(STREAMED)
    whole = sse(message_start(), TEXT)
    assert relayed_bytes(relay.feed(whole + sse(HELLO)[:-9])) == whole
    with pytest.raises(UpstreamBroken):
        relay.close()


def test_an_endless_event_is_refused() -> None:
    relay = PROVIDER.relay(STREAMED)
    relay.feed(b"x" * LIMIT)
    with pytest.raises(UpstreamBroken, match="longer than"):
        relay.feed(b"x")


def test_a_whole_body_is_passed_on() -> None:
    message = message_start(stop_reason="end_turn", content=[{"type": "text", "text": "x"}], unknown=1.0)["message"]
    data = json.dumps(message, indent=1).encode()
    assert read(PROVIDER.relay(UNARY), data, 10, 40) == [
        Relayed(data),
        UsageSoFar(Usage(input=12, output=1)),
        Finish("stop", "end_turn"),
    ]


def test_a_body_that_reports_an_error_is_a_failure() -> None:
    data = b'{"type":"error","error":{"type":"authentication_error","message":"No."}}'
    assert bare(read(PROVIDER.relay(UNARY), data)) == [Failure("No.", "authentication_error", 401)]


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"id": "msg_1"}'], ids=["nothing", "html", "no-stop-reason"])
def test_a_body_of_another_wire_is_broken(data: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(PROVIDER.relay(UNARY), data)
