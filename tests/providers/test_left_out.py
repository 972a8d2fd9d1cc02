"""A single part of a stream that can't be read is left out. What goes on without making sense is broken."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.chat_wires import readers, sse
from turnout.core import (
    Delta,
    Finish,
    PartStart,
    Relayed,
    StreamEvent,
    Text,
    ToolCall,
)
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder


def line(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "done": False, **fields}).encode() + b"\n"


def chat(finish: str | None = None, **delta: Any) -> bytes:
    return sse({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def completion(text: str, finish: str | None = None) -> bytes:
    return sse({"id": "1", "choices": [{"index": 0, "text": text, "finish_reason": finish}]})


def piece(text: str, index: int = 0) -> bytes:
    return sse({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}})


def block(index: int = 0, **fields: Any) -> bytes:
    return sse({"type": "content_block_start", "index": index, "content_block": fields})


def words(text: str) -> bytes:
    return sse({"type": "response.output_text.delta", "delta": text})


def gemini(text: str, **candidate: Any) -> bytes:
    return sse({"candidates": [{"content": {"parts": [{"text": text}]}, "index": 0, **candidate}]})


MESSAGE_START = sse({"type": "message_start", "message": {"id": "1", "content": []}})
STOP_REASON = sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
COMPLETED = sse({"type": "response.completed", "response": {"status": "completed"}})
STREAMS = {
    "openai-chat": [chat(role="assistant"), chat(content="Hel"), chat(content="lo"), chat("stop")],
    "openai-completions": [completion("Hel"), completion("lo"), completion("", "stop")],
    "openai-responses": [sse({"type": "response.created"}), words("Hel"), words("lo"), COMPLETED],
    "anthropic-messages": [MESSAGE_START, block(type="text", text=""), piece("Hel"), piece("lo"), STOP_REASON],
    "gemini": [gemini("Hel"), gemini("lo"), gemini("", finishReason="STOP")],
    "ollama": [line(message={"content": "Hel"}), line(message={"content": "lo"}), line(message={}, done=True)],
    "ollama-generate": [line(response="Hel"), line(response="lo"), line(response="", done=True)],
    "llamacpp-completion": [
        sse({"content": "Hel", "stop": False}),
        sse({"content": "lo", "stop": False}),
        sse({"content": "", "stop": True, "stop_type": "eos"}),
    ],
}
GARBAGE = {
    "no JSON": b'{"id": <html>',
    "half a line": b'{"id":"1","choices":[{"index":0,"del',
    "a number": b"17",
    "a text": b'"text"',
    "a list": b"[1, 2]",
    "no UTF-8": b'{"id":"\xff"}x',
}
WAYS = ("relayed", "translated")


def framed(wire: str, garbage: bytes) -> bytes:
    return garbage + b"\n" if wire.startswith("ollama") else b"data: " + garbage + b"\n\n"


def middle(wire: str) -> int:
    """The place between the two words."""
    return next(number for number, frame in enumerate(STREAMS[wire]) if b'"lo"' in frame)


def events_of(reader: Decoder, frames: Sequence[bytes]) -> list[StreamEvent]:
    return [*[event for frame in frames for event in reader.feed(frame)], *reader.close()]


def without_garbage(wire: str, way: str) -> list[StreamEvent]:
    return events_of(readers(wire)[way], STREAMS[wire])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("wire", STREAMS)
def test_a_single_part_is_left_out(wire: str, garbage: bytes, way: str) -> None:
    frames = list(STREAMS[wire])
    frames.insert(middle(wire), framed(wire, garbage))
    whole = without_garbage(wire, way)
    assert any(isinstance(event, Finish) for event in whole)
    assert events_of(readers(wire)[way], frames) == whole
    assert events_of(readers(wire)[way], [b"".join(frames)]) == whole


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wire", STREAMS)
def test_two_in_a_row_break_the_answer(wire: str, way: str) -> None:
    frames, place = STREAMS[wire], middle(wire)
    garbage = framed(wire, b"{oops")
    reader = readers(wire)[way]
    for frame in frames[:place]:
        reader.feed(frame)
    assert reader.feed(garbage) == []
    with pytest.raises(UpstreamBroken, match="malformed"):
        reader.feed(garbage)
    with pytest.raises(UpstreamBroken, match="malformed"):
        reader.feed(frames[place])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wire", STREAMS)
def test_words_before_two_in_a_row_are_given_first(wire: str, way: str) -> None:
    frames, place = STREAMS[wire], middle(wire)
    reader = readers(wire)[way]
    at_once = reader.feed(b"".join(frames[:place]) + framed(wire, b"{oops") * 2 + b"".join(frames[place:]))
    assert at_once == readers(wire)[way].feed(b"".join(frames[:place]))
    with pytest.raises(UpstreamBroken, match="malformed"):
        reader.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wire", STREAMS)
def test_one_that_nothing_follows_breaks_the_answer(wire: str, way: str) -> None:
    reader = readers(wire)[way]
    for frame in STREAMS[wire][: middle(wire)]:
        reader.feed(frame)
    reader.feed(framed(wire, b"{oops"))
    with pytest.raises(UpstreamBroken, match="malformed"):
        reader.close()


@pytest.mark.parametrize("way", WAYS)
def test_very_many_are_no_accident(way: str) -> None:
    reader = readers("openai-chat")[way]
    garbage = framed("openai-chat", b"PING")
    with pytest.raises(UpstreamBroken):
        events_of(reader, [chat(content="a"), garbage] * 11)
    assert events_of(readers("openai-chat")[way], [chat(content="a"), *[garbage, chat(content="a")] * 10])


@pytest.mark.parametrize("way", WAYS)
def test_it_is_logged_once_without_its_bytes(way: str, caplog: pytest.LogCaptureFixture) -> None:
    garbage = framed("openai-chat", b'{"secret": ')
    with caplog.at_level(logging.WARNING):
        events_of(readers("openai-chat")[way], [chat(content="a"), garbage, chat(content="b"), garbage, chat("stop")])
    (record,) = caplog.records
    assert "left out" in record.getMessage()
    assert "secret" not in record.getMessage()


CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}
OPEN = {
    "a call of chat": ("openai-chat", [chat(tool_calls=[CALL])]),
    "a call of Anthropic": ("anthropic-messages", [MESSAGE_START, block(type="tool_use", id="c", name="f", input={})]),
    "a thought of Anthropic": ("anthropic-messages", [MESSAGE_START, block(type="thinking", thinking="Hm")]),
    "a block that a server has": ("anthropic-messages", [MESSAGE_START, block(type="server_tool_use", id="c")]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPEN)
def test_nothing_is_left_out_of_what_needs_every_piece(name: str, way: str) -> None:
    wire, frames = OPEN[name]
    reader = readers(wire)[way]
    for frame in frames:
        reader.feed(frame)
    with pytest.raises(UpstreamBroken):
        reader.feed(framed(wire, b"{oops"))


def test_nothing_is_left_out_of_a_call_of_gemini_that_comes_in_pieces() -> None:
    reader = readers("gemini")["translated"]
    call = {"functionCall": {"name": "f", "willContinue": True}}
    reader.feed(sse({"candidates": [{"content": {"parts": [call]}, "index": 0}]}))
    with pytest.raises(UpstreamBroken):
        reader.feed(framed("gemini", b"{oops"))


@pytest.mark.parametrize("way", WAYS)
def test_a_block_whose_start_is_left_out_breaks_the_answer(way: str) -> None:
    frames = [MESSAGE_START, block(type="text", text="Hi"), framed("anthropic-messages", b"{oops")]
    reader = readers("anthropic-messages")[way]
    assert [event for frame in frames for event in reader.feed(frame)]
    with pytest.raises(UpstreamBroken, match="content block 1"):
        reader.feed(piece("lo", index=1))


@pytest.mark.parametrize("way", WAYS)
def test_arguments_that_cannot_be_read_are_not_left_out(way: str) -> None:
    """The call would be lost: chat's relay passes it on, as it came."""
    call = chat(tool_calls=[CALL]).replace(b'"{\\"a\\""', b'"\xff"')
    reader = readers("openai-chat")[way]
    if way == "translated":
        with pytest.raises(UpstreamBroken, match="arguments can't be read"):
            reader.feed(call)
    else:
        assert [type(event) for event in reader.feed(call)] == [Relayed]


def test_the_other_words_of_a_translated_answer_stay() -> None:
    frames = [chat(content="Hel"), framed("openai-chat", b"{oops"), chat(content="lo"), chat(tool_calls=[CALL])]
    reader = readers("openai-chat")["translated"]
    events = [event for frame in frames for event in reader.feed(frame)]
    assert [event for event in events if isinstance(event, PartStart | Delta)] == [
        PartStart(0, Text("Hel")),
        Delta(0, "lo"),
        PartStart(1, ToolCall("c", "f", '{"a"')),
    ]
