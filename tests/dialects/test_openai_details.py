"""An OpenAI client sends back the state that other providers need again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.support.openai_wire import ASKED, CONTEXT, ENDPOINT, PNG, request_body
from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    Image,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    unfold,
)

GEMINI = {"gemini": {"thoughtSignature": Raw(b'"c2ln"')}}
PARTS: dict[str, tuple[Part, ...]] = {
    "signed": (Thinking("Hm.", "sig"), Text("Yes.")),
    "two-signed": (Thinking("Hm.", "sig"), Thinking("So.", "sig2"), Text("Yes.")),
    "redacted": (RedactedThinking("xxxx"), Thinking("", "sig"), Text("Yes.")),
    "gemini-call": (ToolCall("c1", "f", "{}", GEMINI), ToolCall("c2", "g", "{}")),
}
each_answer = pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)


def sent_back(message: dict[str, Any]) -> tuple[Part, ...]:
    """The parts of an assistant message that a client sends with its next turn, without empty texts."""
    request = read_whole(ENDPOINT, request_body(messages=[{"role": "user", "content": "hi"}, message]))
    return tuple(part for part in request.messages[1].parts if part != Text(""))


@each_answer
def test_a_whole_answer_comes_back(parts: tuple[Part, ...]) -> None:
    answer = Answer(choices=(Choice(0, parts, Finish("stop", "stop")),))
    completion = ChatCompletion.model_validate_json(ENDPOINT.body(ASKED, answer, CONTEXT))
    assert sent_back(completion.choices[0].message.to_dict()) == parts


@each_answer
def test_a_streamed_answer_comes_back(parts: tuple[Part, ...]) -> None:
    events = unfold(Answer(choices=(Choice(0, parts, Finish("stop", "stop")),)))
    assert sent_back(accumulated(events)) == parts


def test_a_signature_at_a_parts_end_comes_back() -> None:
    events: list[StreamEvent] = [
        Start(),
        PartStart(0, Thinking("")),
        Delta(0, "Hm"),
        Delta(0, "."),
        PartEnd(0, signature="sig"),
        PartStart(1, ToolCall("c1", "f", "")),
        Delta(1, "{}"),
        PartEnd(1, extensions=GEMINI),
        Finish("tool_calls", "tool_use"),
    ]
    assert sent_back(accumulated(events)) == (Thinking("Hm.", "sig"), ToolCall("c1", "f", "{}", GEMINI))


def accumulated(events: list[StreamEvent]) -> dict[str, Any]:
    """The message that OpenAI's SDK builds from a stream."""
    renderer = ENDPOINT.renderer(ChatRequest(model="fast", messages=(), stream=True), CONTEXT)
    frames = (b"".join(renderer.feed([event]) for event in events) + renderer.close()).split(b"\n\n")
    state = ChatCompletionStreamState()
    for frame in frames[:-2]:
        state.handle_chunk(ChatCompletionChunk.model_validate(json.loads(frame.removeprefix(b"data: "))))
    return state.current_completion_snapshot.choices[0].message.to_dict()


def test_thoughts_without_a_signature_need_no_details() -> None:
    answer = Answer(choices=(Choice(0, (Thinking("Hm."), Text("Yes.")), None),))
    (choice,) = json.loads(ENDPOINT.body(ASKED, answer, CONTEXT))["choices"]
    assert choice["message"]["reasoning_content"] == "Hm."
    assert "reasoning_details" not in choice["message"]


def test_anthropics_cache_markers_are_kept() -> None:
    marker = {"cache_control": {"type": "ephemeral"}}
    content = [
        {"type": "text", "text": "long", **marker},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}, **marker},
        {"type": "text", "text": "short"},
    ]
    tool = {"type": "function", "function": {"name": "f"}, **marker}
    request = read_whole(ENDPOINT, request_body(messages=[{"role": "user", "content": content}], tools=[tool]))
    kept = {"anthropic": {"cache_control": Raw(b'{"type": "ephemeral"}')}}
    text, image, plain = request.messages[0].parts
    assert isinstance(image, Image)
    assert (text.extensions, image.extensions, plain.extensions) == (kept, kept, None)
    assert request.tools[0].extensions == kept


MARKER = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
MARKED = {"anthropic": {"cache_control": Raw(b'{"type": "ephemeral", "ttl": "1h"}')}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        pytest.param({"role": "user", "content": "hi"}, (Text("hi", MARKED),), id="user"),
        pytest.param({"role": "system", "content": "hi"}, (Text("hi", MARKED),), id="system"),
        pytest.param(
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            (Text("a"), Text("b", MARKED)),
            id="last-part",
        ),
        pytest.param(
            {"role": "assistant", "content": "a", "tool_calls": [CALL]},
            (Text("a"), ToolCall("c1", "f", "{}", MARKED)),
            id="call",
        ),
        pytest.param(
            {"role": "tool", "tool_call_id": "c1", "content": "a"},
            (ToolResult("c1", (Text("a"),), False, None, MARKED),),
            id="result",
        ),
        pytest.param(
            {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
            (Text("a", {"anthropic": {"cache_control": Raw(b'{"type": "ephemeral"}')}}),),
            id="its-own",
        ),
        pytest.param(
            {"role": "assistant", "content": None, "reasoning_content": "Hm."},
            (Thinking("Hm."),),
            id="never-on-thoughts",
        ),
    ],
)
def test_the_marker_of_a_message_is_that_of_its_last_part(message: dict[str, Any], parts: tuple[Part, ...]) -> None:
    request = read_whole(ENDPOINT, request_body(messages=[{"role": "user", "content": "hi"}, message | MARKER]))
    assert request.messages[1].parts == parts


def test_a_marker_of_the_whole_request_and_of_a_function() -> None:
    """Anthropic finds the place of the first one itself."""
    tool = {"type": "function", "function": {"name": "f", **MARKER}}
    request = read_whole(ENDPOINT, request_body(tools=[tool], **MARKER))
    assert request.extensions == MARKED
    assert request.tools[0].extensions == MARKED
