"""Replies passed on byte for byte, with their facts beside them, wherever the network cuts them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.failures import bare
from tests.support.openai_wire import (
    DONE,
    PROVIDER,
    STREAMED,
    UNARY,
    USAGE,
    call_piece,
    choice,
    chunk,
    completion,
    delta,
    read,
    relayed_bytes,
    sse,
)
from turnout.core import ChatRequest, Failure, Finish, Relayed, StreamEvent, Text, Usage, UsageSoFar, fold
from turnout.core.framing import LIMIT
from turnout.errors import UpstreamBroken

HIDDEN = ChatRequest(model="m", messages=(), stream=True)  # the client hasn't asked for usage
STOP = Finish("stop", "stop")
USED = UsageSoFar(Usage(input=9, output=4))
ROLE = chunk(delta(role="assistant", content=""))
END = chunk(delta(finish="stop"))
LAST = chunk(usage=USAGE)
TRICKY = 'Grüße 👋🏽 "usage": {} "finish_reason":"stop" "error" [DONE] \n\ndata: x\r\n\r\n'


def relay(data: bytes, cuts: Any = (), *, request: ChatRequest = STREAMED) -> list[StreamEvent]:
    return read(PROVIDER.relay(request), data, cuts)


def facts(events: list[StreamEvent]) -> list[StreamEvent]:
    return [event for event in events if not isinstance(event, Relayed)]


# --- any split ---------------------------------------------------------------------------------------

CHUNKS: list[dict[str, Any]] = [
    {"choices": [], "prompt_filter_results": []},
    ROLE,
    chunk(delta(content=TRICKY), usage=None),
    chunk(delta(tool_calls=[call_piece(0, "a", "f", '{"ü')])),
    chunk(delta(tool_calls=[call_piece(0, arguments='":1}')]), delta(1, content="x")),
    chunk(delta(1, finish="length")),
    chunk(delta(reasoning_content="hm 🤔")),
    END,
]
COMMENTS = [b": ping", b"event: message", b"id: 1", b"retry: 5"]
ENDS = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A stream whose lines end as they like, and the event in it that only holds the usage."""
    frames = []
    for one in [*CHUNKS, LAST]:
        lines = [
            *draw(st.lists(st.sampled_from(COMMENTS), max_size=1)),
            b"data: " + json.dumps(one, ensure_ascii=False).encode(),
        ]
        if draw(st.integers(0, 3)) == 0:
            lines += [b": behind", b""][: draw(st.integers(1, 2))]
        frames.append(b"".join(line + draw(ENDS) for line in lines if line) + draw(ENDS))
    after = [b"data: [DONE]" + draw(ENDS) + draw(ENDS)] if draw(st.booleans()) else []
    pauses = [draw(st.sampled_from([b"", b"", b": wait\n\n", b"\n", b"\r\n"])) for _ in frames]
    return b"".join(pause + frame for pause, frame in zip(pauses, frames, strict=True)) + b"".join(after), frames[-1]


@given(streams(), st.sets(st.integers(0, 3000), max_size=12))
def test_any_split_gives_the_same_bytes_and_facts(made: tuple[bytes, bytes], cuts: set[int]) -> None:
    stream, usage_frame = made
    events = relay(stream, cuts)
    assert relayed_bytes(events) == stream
    assert facts(events) == [Finish("length", "length", 1), Finish("tool_calls", "stop"), USED]
    without = relay(stream, cuts, request=HIDDEN)
    assert relayed_bytes(without) == stream.replace(usage_frame, b"")
    assert facts(without) == facts(events)


@given(streams(), st.sets(st.integers(0, 3000), max_size=12))
def test_any_split_is_decoded_into_the_same_answer(made: tuple[bytes, bytes], cuts: set[int]) -> None:
    stream, _ = made
    events = read(PROVIDER.decoder(STREAMED), stream, cuts)
    assert events == read(PROVIDER.decoder(STREAMED), stream)
    part = fold(events).choices[0].parts[0]
    assert isinstance(part, Text)
    assert part.text == TRICKY


def test_every_byte_alone() -> None:
    stream = sse(*CHUNKS, LAST, line_end="\r\n") + DONE
    assert relayed_bytes(relay(stream, range(len(stream)))) == stream


@pytest.mark.parametrize("data", [b"{}", b"1"], ids=["object", "number"])
@given(st.binary(max_size=60), st.sets(st.integers(0, 80)))
def test_any_bytes_are_passed_on_or_broken(data: bytes, noise: bytes, cuts: set[int]) -> None:
    stream = noise + b"data: " + data + b"\n\n" + noise
    for request in (STREAMED, HIDDEN, UNARY):
        for make in (PROVIDER.relay, PROVIDER.decoder):
            try:
                read(make(request), stream, cuts)
            except UpstreamBroken:
                continue


# --- what is passed on -------------------------------------------------------------------------------


def test_usage_that_only_turnout_asked_for_is_taken_out() -> None:
    stream = sse(ROLE, chunk(delta(content="a")), END)
    assert relayed_bytes(relay(stream + sse(LAST) + DONE, request=HIDDEN)) == stream + DONE


def test_usage_that_comes_with_content_stays() -> None:
    stream = sse(ROLE, chunk(delta(content="a"), usage=USAGE), chunk(delta(finish="stop"), usage=USAGE)) + DONE
    events = relay(stream, request=HIDDEN)
    assert relayed_bytes(events) == stream
    assert facts(events) == [USED, STOP, USED]


def test_content_is_told_from_what_comes_before_it() -> None:
    frames = [
        (b": OPENROUTER PROCESSING\n\n", False),
        (sse({"choices": [], "prompt_filter_results": []}), False),
        (sse(ROLE), False),
        (sse(chunk({"index": 0, "delta": {"role": "assistant", "content": None, "tool_calls": []}})), False),
        (sse(chunk(delta(content="a"))), True),
        (sse(END), False),
        (DONE, False),
    ]
    events = relay(b"".join(data for data, _ in frames))
    assert [(event.data, event.content) for event in events if isinstance(event, Relayed)][:5] == frames[:5]


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param({"content": "a"}, id="content"),
        pytest.param({"content": [{"type": "text", "text": "a"}]}, id="content-in-parts"),
        pytest.param({"reasoning_content": "a"}, id="reasoning"),
        pytest.param({"refusal": "a"}, id="refusal"),
        pytest.param({"tool_calls": [call_piece(0, "a", "f")]}, id="tool-call"),
        pytest.param({"function_call": {"name": "f"}}, id="legacy-call"),
        pytest.param({"audio": {"data": "UklG"}}, id="audio"),
        pytest.param({"from_the_future": 1}, id="something-new"),
    ],
)
def test_whatever_is_said_is_content(piece: dict[str, Any]) -> None:
    (event,) = PROVIDER.relay(STREAMED).feed(sse(chunk(delta(role="assistant", **piece))))
    assert isinstance(event, Relayed)
    assert event.content


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"choices": [{"delta": "a"}]}, id="delta-a-string"),
        pytest.param({"choices": {"0": {}}}, id="choices-an-object"),
    ],
)
def test_json_of_an_unknown_form_is_the_clients_business(odd: Any) -> None:
    stream = sse(odd, END)
    events = relay(stream)
    assert relayed_bytes(events) == stream
    assert facts(events) == [STOP]


def test_usage_that_can_not_be_believed_is_passed_on_but_not_counted() -> None:
    stream = sse(chunk(delta(content="a")), END, chunk(usage={"prompt_tokens": -1}))
    events = relay(stream)
    assert relayed_bytes(events) == stream
    assert facts(events) == [STOP]


def test_a_finish_is_told_once() -> None:
    assert facts(relay(sse(END, END | {"usage": USAGE}))) == [STOP, USED]


def test_an_error_is_not_passed_on() -> None:
    """The renderer tells it, in one form for all providers."""
    before = sse(ROLE, chunk(delta(content="a")))
    error = {"error": {"message": "Overloaded.", "type": "server_error"}}
    assert bare(relay(before + sse(error)))[-1] == Failure("Overloaded.", "server_error", 503)
    assert relayed_bytes(relay(before + sse(error))) == before
    assert bare(relay(sse(error))) == [Failure("Overloaded.", "server_error", 503)]


def test_what_came_before_something_broken_is_given() -> None:
    decoder = PROVIDER.relay(STREAMED)
    good = sse(ROLE)
    assert relayed_bytes(decoder.feed(good + b"data: <html>\n\n" * 2)) == good
    with pytest.raises(UpstreamBroken, match="sent what isn't a chat completion"):
        decoder.feed(good)


@pytest.mark.parametrize(
    ("left", "events"),
    [
        pytest.param(b"data: [DONE]", [Relayed(DONE, False)], id="done-without-blank-line"),
        pytest.param(b"data: [DONE]\r\n", [Relayed(DONE, False)], id="done-without-the-second-line-end"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\n", [], id="blank"),
        pytest.param(b"<html>Bad gateway</html>", [], id="no-event-at-all"),
    ],
)
def test_what_is_left_at_the_end(left: bytes, events: list[StreamEvent]) -> None:
    assert relay(left) == events


def test_an_event_that_was_cut_is_broken() -> None:
    with pytest.raises(UpstreamBroken):
        relay(sse(ROLE)[:-20])


def test_an_event_without_end_is_refused() -> None:
    decoder = PROVIDER.relay(STREAMED)
    decoder.feed(sse(ROLE))
    with pytest.raises(UpstreamBroken, match="longer than"):
        decoder.feed(b"data: " + b"x" * LIMIT)


# --- whole replies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(completion(choice(content=TRICKY)), [STOP, USED], id="text"),
        pytest.param(
            completion(choice(0, content="a"), choice(1, finish="length", content="b")),
            [STOP, Finish("length", "length", 1), USED],
            id="choices",
        ),
        pytest.param(completion(choice(finish=None, content="a"), usage=None), [Finish("stop", "")], id="no-facts"),
        pytest.param(completion(choice(content={"from": "the future"}), usage=5), [STOP], id="odd-form"),
    ],
)
def test_a_whole_reply_is_passed_on_with_its_facts(body: bytes, expected: list[StreamEvent]) -> None:
    events = relay(body, range(0, len(body), 7), request=UNARY)
    assert events == [Relayed(body), *expected]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="html"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(completion(), id="no-choices"),
        pytest.param(completion(choice(content="a"))[:-5], id="cut"),
        pytest.param(b'{"x": ' + b"[" * 100_000, id="deep-nesting"),
    ],
)
def test_what_is_no_reply_is_broken(body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        relay(body, request=UNARY)


def test_an_error_in_place_of_a_reply() -> None:
    assert bare(relay(b'{"error": {"message": "Full.", "code": 503}}', request=UNARY)) == [Failure("Full.", "503", 503)]
