"""An answer has begun with the first event that says something, on every wire, relayed and translated.

What comes before it is held back, so that another provider can still answer unseen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from tests.support.chat_wires import readers, request, sse
from turnout.core import (
    Failure,
    Finish,
    PartStart,
    StreamEvent,
    Text,
    ToolCall,
    Usage,
    UsageSoFar,
    WireBody,
)
from turnout.core.operations import TranscriptionRequest
from turnout.engine.observing import AnswerObserver
from turnout.providers import Decoder, registry

COMMENT = b": keep-alive\n\n"


def begun_at(reader: Decoder, frames: Sequence[bytes]) -> int | None:
    """The number of the frame with which the answer has begun."""
    observer = AnswerObserver(request(""), time.perf_counter())
    for number, frame in enumerate(frames):
        observer.observe(reader.feed(frame))
        if observer.has_begun:
            return number
    return None


def chat(finish: str | None = None, **delta: Any) -> bytes:
    return sse({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def text(text: str, finish: str | None = None) -> bytes:
    return sse({"id": "1", "choices": [{"index": 0, "text": text, "finish_reason": finish}]})


def block(index: int = 0, **block: Any) -> bytes:
    return sse({"type": "content_block_start", "index": index, "content_block": block})


def piece(index: int = 0, **delta: Any) -> bytes:
    return sse({"type": "content_block_delta", "index": index, "delta": delta})


def text_piece(text: str) -> bytes:
    return piece(type="text_delta", text=text)


def thought(text: str) -> bytes:
    return piece(type="thinking_delta", thinking=text)


def stop(index: int = 0) -> bytes:
    return sse({"type": "content_block_stop", "index": index})


def response(kind: str, **fields: Any) -> bytes:
    return sse({"type": f"response.{kind}", "sequence_number": 1, **fields})


def item(**item: Any) -> bytes:
    return response("output_item.added", item=item)


def words(text: str) -> bytes:
    return response("output_text.delta", delta=text)


def gemini(*parts: dict[str, Any], **candidate: Any) -> bytes:
    return sse({"candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0, **candidate}]})


def line(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "done": False, **fields}).encode() + b"\n"


def said(**message: Any) -> bytes:
    return line(message={"role": "assistant", "content": "", **message})


AZURE_FIRST = sse(
    {"choices": [], "id": "", "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}
)
COUNTED = sse({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}})
ROLE = chat(role="assistant", content="", refusal=None)
CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
MESSAGE_START = sse({"type": "message_start", "message": {"id": "1", "content": [], "usage": {"input_tokens": 3}}})
PING = sse({"type": "ping"})
TEXT_BLOCK = block(type="text", text="")
CREATED = response("created", response={"status": "in_progress", "output": []})
IN_PROGRESS = response("in_progress", response={"status": "in_progress", "output": []})
MESSAGE_ITEM = item(type="message", id="m", content=[], role="assistant")
REASONING_ITEM = item(type="reasoning", id="r", summary=[])
SEALED = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "x"}
SEALED_ITEM = item(**SEALED)
SUMMARY_PART = response("reasoning_summary_part.added", part={"type": "summary_text", "text": ""})
REFUSAL_PART = response("content_part.added", part={"type": "refusal", "refusal": ""})
PART = response("content_part.added", part={"type": "output_text", "text": "", "annotations": []})
OPENED = [CREATED, IN_PROGRESS]
GEMINI_EMPTY = sse({"candidates": [{"content": {"role": "model"}, "index": 0}], "responseId": "1"})
GEMINI_COUNTED = sse({"usageMetadata": {"promptTokenCount": 3}, "responseId": "1"})

STREAMS = {
    "openai-chat": {
        "text": [COMMENT, ROLE, COUNTED, chat(content=""), chat(), chat(content="Hi")],
        "azure": [AZURE_FIRST, ROLE, chat(content="Hi")],
        "thinking": [ROLE, chat(reasoning_content=""), chat(reasoning_content="Hm")],
        "reasoning": [chat(role="assistant", content="", reasoning=None, reasoning_details=[]), chat(reasoning="Hm")],
        "call": [chat(role="assistant", content=None, tool_calls=[]), chat(tool_calls=[CALL])],
        "refusal": [ROLE, chat(refusal=""), chat(refusal="No.")],
        "parts": [ROLE, chat(content=[{"type": "text", "text": ""}]), chat(content=[{"type": "text", "text": "Hi"}])],
        "picture": [ROLE, chat(images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}])],
        "only an end": [ROLE, chat("stop", content="")],
    },
    "openai-completions": {"text": [text(""), text("Hi")], "only an end": [text(""), text("", "length")]},
    "anthropic-messages": {
        "text": [COMMENT, MESSAGE_START, PING, TEXT_BLOCK, text_piece(""), PING, text_piece("Hi")],
        "text at once": [MESSAGE_START, block(type="text", text="Hi")],
        "thinking": [MESSAGE_START, block(type="thinking", thinking="", signature=""), thought(""), thought("Hm")],
        "thinking that is signed": [MESSAGE_START, block(type="thinking", thinking="", signature="s")],
        "thinking that is hidden": [MESSAGE_START, block(type="redacted_thinking", data="x")],
        "call": [MESSAGE_START, block(type="tool_use", id="c", name="f", input={})],
        "search": [MESSAGE_START, PING, block(type="server_tool_use", id="c", name="web_search", input={})],
        "only an end": [MESSAGE_START, sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})],
        "after an empty block": [
            MESSAGE_START,
            TEXT_BLOCK,
            stop(),
            block(1, type="tool_use", id="c", name="f", input={}),
        ],
    },
    "openai-responses": {
        "text": [COMMENT, response("queued"), *OPENED, MESSAGE_ITEM, PART, words(""), words("Hi")],
        "thinking": [*OPENED, REASONING_ITEM, SUMMARY_PART, response("reasoning_summary_text.delta", delta="Hm")],
        "thinking that is sealed": [*OPENED, SEALED_ITEM, response("output_item.done", item=SEALED)],
        "call": [*OPENED, item(type="function_call", name="f", arguments="")],
        "search": [*OPENED, item(type="web_search_call", id="w")],
        "refusal": [*OPENED, MESSAGE_ITEM, REFUSAL_PART, response("refusal.delta", delta="No.")],
        "without pieces": [*OPENED, MESSAGE_ITEM, PART, response("output_text.done", text="Hi")],
        "only an end": [*OPENED, response("completed", response={"status": "completed", "output": []})],
    },
    "gemini": {
        "text": [COMMENT, GEMINI_COUNTED, GEMINI_EMPTY, gemini(), gemini({"text": ""}), gemini({"text": "Hi"})],
        "thinking": [gemini({"text": "", "thought": True}), gemini({"text": "Hm", "thought": True})],
        "thinking that is signed": [GEMINI_EMPTY, gemini({"text": "", "thoughtSignature": "eA=="})],
        "call": [GEMINI_EMPTY, gemini({"functionCall": {"name": "f", "args": {}}})],
        "picture": [GEMINI_EMPTY, gemini({"inlineData": {"mimeType": "image/png", "data": "aGk="}})],
        "code": [GEMINI_EMPTY, gemini({"executableCode": {"code": "1"}})],
        "only an end": [GEMINI_EMPTY, gemini(finishReason="SAFETY")],
        "blocked": [GEMINI_COUNTED, sse({"promptFeedback": {"blockReason": "SAFETY"}})],
    },
    "ollama": {
        "text": [said(), said(), said(content="Hi")],
        "thinking": [said(), said(thinking="Hm")],
        "call": [said(), said(tool_calls=[{"function": {"name": "f", "arguments": {}}}])],
        "only an end": [said(), line(message={"role": "assistant", "content": ""}, done=True)],
    },
    "ollama-generate": {
        "text": [line(response=""), line(response="Hi")],
        "thinking": [line(response="", thinking="Hm")],
    },
    "llamacpp-completion": {
        "text": [COMMENT, sse({"content": "", "stop": False}), sse({"content": "Hi", "stop": False})],
        "only an end": [sse({"content": "", "stop": False}), sse({"content": "", "stop": True, "stop_type": "eos"})],
    },
}
LATER = {("anthropic-messages", "search"), ("gemini", "thinking that is signed")}
"""Translated, they begin later: the core has a search with its results, and a signature at the end of its part."""
CASES = [(wire, name) for wire, streams in STREAMS.items() for name in streams]


@pytest.mark.parametrize(("wire", "name"), CASES, ids=[f"{wire}: {name}" for wire, name in CASES])
def test_an_answer_begins_with_the_last_frame_of_each_of_these(wire: str, name: str) -> None:
    frames = STREAMS[wire][name]
    assert {way: begun_at(reader, frames) for way, reader in readers(wire).items()} == {
        "relayed": len(frames) - 1,
        "translated": None if (wire, name) in LATER else len(frames) - 1,
    }


def test_a_signature_without_words_begins_an_answer() -> None:
    frames = [MESSAGE_START, block(type="thinking", thinking=""), piece(type="signature_delta", signature="s"), stop()]
    read = readers("anthropic-messages")
    assert begun_at(read["relayed"], frames) == 2
    assert begun_at(read["translated"], frames) == 3  # the core has the signature at the end of the part


def test_a_transcript_begins_with_its_first_words() -> None:
    asked = TranscriptionRequest(model="m", audio=b"x", file_name="a.wav", stream=True)
    reader = registry()["openai"].operation(asked).relay(asked)  # type: ignore[union-attr]
    frames = [
        sse({"type": "transcript.text.delta", "delta": ""}),
        sse({"type": "transcript.text.delta", "delta": "Hi"}),
    ]
    assert begun_at(reader, frames) == 1


def test_a_call_begins_an_answer_once_its_name_is_known() -> None:
    observer = AnswerObserver(request(""), time.perf_counter())
    call = chat(tool_calls=[{"index": 0, "id": "c", "function": {}}])
    begun: list[StreamEvent] = list(readers("openai-chat")["translated"].feed(call))
    assert any(isinstance(event, PartStart) for event in begun)
    observer.observe(begun)
    assert not observer.has_begun
    observer.observe([PartStart(0, ToolCall("c", "f", ""))])
    assert observer.has_begun


def finish(choice: int = 0) -> Finish:
    return Finish("stop", "stop", choice)


COUNTED_USAGE = UsageSoFar(Usage(input=1, output=1))


@pytest.mark.parametrize(
    ("asked", "events", "whole"),
    [
        pytest.param({}, [finish()], True, id="finish"),
        pytest.param({}, [COUNTED_USAGE], False, id="usage-alone"),
        pytest.param({}, [finish(), Failure("x")], True, id="error-after-the-finish"),
        pytest.param({"n": 2}, [finish(0)], False, id="one-finish-of-two"),
        pytest.param({"n": 2}, [finish(0), finish(1)], True, id="two-finishes"),
        pytest.param({"n": 2}, [finish(0), COUNTED_USAGE], True, id="a-vendor-that-gives-one"),
        pytest.param({"prompt": b'["a","b"]'}, [finish(0), finish(1)], False, id="several-prompts"),
        pytest.param({"prompt": b'["a","b"]'}, [finish(0), finish(1), COUNTED_USAGE], True, id="several-and-usage"),
        pytest.param({"prompt": b'"a"'}, [finish()], True, id="one-prompt"),
    ],
)
def test_an_answer_is_whole_once_it_has_its_finish(
    asked: dict[str, Any], events: list[StreamEvent], whole: bool
) -> None:
    fields = {name: Raw(value) for name, value in asked.items() if name == "prompt"}
    raw = WireBody("openai-completions", fields)
    observer = AnswerObserver(replace(request(""), raw=raw, n=asked.get("n", 1)), time.perf_counter())
    observer.observe([PartStart(0, Text("Hi"))])
    observer.observe(events)
    assert observer.is_complete is whole
