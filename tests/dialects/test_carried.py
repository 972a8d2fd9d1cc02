"""What one provider needs again comes back from its clients, whole and streamed, and goes to nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support import anthropic_wire
from tests.support.openai_wire import PNG
from tests.support.whole_requests import read_whole
from tests.wire.carrying import CARRYING, sent_back
from turnout.core import (
    Answer,
    Audio,
    Choice,
    File,
    Finish,
    Image,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    RedactedThinking,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    fold,
    unfold,
)
from turnout.core.seal import SEAL
from turnout.dialects.opened import opened
from turnout.dialects.sealed import UNSIGNED, Attached, seal

FINISH = Finish("stop", "STOP")
ASKED = {"role": "user", "content": "hi"}


def gemini(signature: str) -> dict[str, dict[str, Raw]]:
    return {"gemini": {"thoughtSignature": Raw(json.dumps(signature).encode())}}


ANSWERS: dict[str, tuple[Part, ...]] = {
    "text": (Text("It is 7.", gemini("a")),),
    "text-after-a-thought": (Thinking("Hm.", "sig"), Text("It is 7.", gemini("a"))),
    "call": (ToolCall("c1", "f", "{}", gemini("a")),),
    "parallel-calls": (ToolCall("c1", "f", "{}", gemini("a")), ToolCall("c2", "g", "{}")),
    "text-and-call": (Text("I look.", gemini("a")), ToolCall("c1", "f", "{}", gemini("b"))),
    "plain-text-before-a-call": (Text("I look."), ToolCall("c1", "f", "{}", gemini("b"))),
    "a-text-without-words": (ToolCall("c1", "f", "{}"), Text("", gemini("a"))),
    "signed-thought": (Thinking("Hm.", None, gemini("a")), Text("Yes.")),
    "emoji": (Text("7 🙂", gemini("a")),),
}
JOINED: dict[str, tuple[Part, ...]] = {
    "two-texts": (Text("I think.", gemini("a")), Text("It is 7.", gemini("b"))),
    "the-first-of-two": (Text("I think.", gemini("a")), Text("It is 7.")),
}
"""Chat joins the texts of an answer, and they are taken apart again."""

each_wire = pytest.mark.parametrize("wire", ["anthropic-messages", "openai-chat"])


def came_back(wire: str, events: list[StreamEvent]) -> list[tuple[Part, ...]]:
    """Without the texts that chat's SDK adds, and with the calls last, as chat has them."""
    return [
        tuple(sorted((part for part in parts if part != Text("")), key=lambda part: isinstance(part, ToolCall)))
        for _, parts in sent_back(wire, events, fold(events))
    ]


@each_wire
@pytest.mark.parametrize("parts", (ANSWERS | JOINED).values(), ids=ANSWERS | JOINED)
def test_signatures_come_back(wire: str, parts: tuple[Part, ...]) -> None:
    events = unfold(Answer(choices=(Choice(0, parts, FINISH),)))
    calls_last = tuple(sorted(parts, key=lambda part: isinstance(part, ToolCall)))
    assert came_back(wire, events) == [calls_last, calls_last]


@each_wire
def test_a_signature_at_the_end_of_its_part_comes_back(wire: str) -> None:
    events: list[StreamEvent] = [
        Start(),
        PartStart(0, Text("I look.")),
        PartEnd(0, extensions=gemini("a")),
        PartStart(1, ToolCall("c1", "f", "{}")),
        PartEnd(1, extensions=gemini("b")),
        FINISH,
    ]
    parts = (Text("I look.", gemini("a")), ToolCall("c1", "f", "{}", gemini("b")))
    assert came_back(wire, events) == [parts, parts]


@pytest.mark.parametrize("wire", CARRYING)
def test_answers_without_signatures_are_as_they_were(wire: str) -> None:
    events = unfold(Answer(choices=(Choice(0, (Text("It is 7."),), FINISH),)))
    renderer = [parts for _, parts in sent_back(wire, events, fold(events))]
    assert renderer == [(Text("It is 7."),), (Text("It is 7."),)]


PICTURE = Image(data=PNG, media_type="image/png", extensions=gemini("b"))


def test_pictures_of_a_chat_come_back_with_their_signatures() -> None:
    parts = (Text("Here.", gemini("a")), PICTURE, Image(url="https://x.test/a.png"))
    events = unfold(Answer(choices=(Choice(0, parts, FINISH),)))
    assert came_back("openai-chat", events) == [parts, parts]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Image(data="A" * 8000, media_type="image/png"), "[image/png, 6 kB: not shown]"),
        (Image(url="https://x.test/a.png"), "[a picture: https://x.test/a.png]"),
        (Audio("A" * 4000, "wav"), "[audio/wav, 3 kB: not shown]"),
        (File(file_id="files/1", media_type="video/mp4"), "[video/mp4: not shown]"),
    ],
)
def test_anthropics_clients_are_told_what_they_cant_be_shown(part: Part, text: str) -> None:
    events = unfold(Answer(choices=(Choice(0, (Text("Here."), part), FINISH),)))
    right = (Text("Here."), Text(text))
    assert came_back("anthropic-messages", events) == [right, right]


# --- Anthropic ---------------------------------------------------------------------------------------


def content_of(*parts: Part, thinks: bool) -> list[dict[str, Any]]:
    answer = Answer(choices=(Choice(0, parts, FINISH),))
    asked = anthropic_wire.UNARY if not thinks else replaced(anthropic_wire.UNARY)
    body = json.loads(anthropic_wire.ENDPOINT.body(asked, answer, anthropic_wire.CONTEXT))
    content: list[dict[str, Any]] = body["content"]
    return content


def replaced(request: Any) -> Any:
    return type(request)(model=request.model, messages=(), reasoning=Reasoning(), stream=request.stream)


def test_a_block_comes_before_the_text_or_call_that_it_belongs_to() -> None:
    """Claude Code prints nothing for an answer whose last block isn't a text."""
    content = content_of(Text("It is 7.", gemini("a")), thinks=True)
    assert [block["type"] for block in content] == ["redacted_thinking", "text"]
    content = content_of(Text("I look."), ToolCall("c1", "f", "{}", gemini("a")), thinks=False)
    assert [block["type"] for block in content] == ["text", "redacted_thinking", "tool_use"]


def test_the_answer_is_of_the_model_that_was_asked_for() -> None:
    """Claude Code sends no thoughts back of another model's answer."""
    answer = Answer(model="gemini-3-pro", choices=(Choice(0, (Text("It is 7."),), FINISH),))
    body = json.loads(anthropic_wire.ENDPOINT.body(anthropic_wire.UNARY, answer, anthropic_wire.CONTEXT))
    assert body["model"] == anthropic_wire.CONTEXT.model
    renderer = anthropic_wire.ENDPOINT.renderer(anthropic_wire.STREAMED, anthropic_wire.CONTEXT)
    (start,) = anthropic_wire.frames(renderer.feed([Start("", "gemini-3-pro")]))
    assert start["message"]["model"] == anthropic_wire.CONTEXT.model


def test_who_asked_for_no_thoughts_gets_a_text_alone() -> None:
    assert [block["type"] for block in content_of(Text("It is 7.", gemini("a")), thinks=False)] == ["text"]


def test_a_block_ends_before_the_text_that_it_was_found_at_the_end_of() -> None:
    renderer = anthropic_wire.ENDPOINT.renderer(replaced(anthropic_wire.STREAMED), anthropic_wire.CONTEXT)
    events: list[StreamEvent] = [Start(), PartStart(0, Text("7")), PartEnd(0, extensions=gemini("a")), FINISH]
    frames = anthropic_wire.frames(renderer.feed(events) + renderer.close())
    told = [(frame["type"], frame["index"]) for frame in frames if "index" in frame]
    assert told == [
        ("content_block_start", 0),
        ("content_block_delta", 0),
        ("content_block_start", 1),
        ("content_block_stop", 1),
        ("content_block_stop", 0),
    ]


def test_blocks_in_the_order_in_which_claude_code_sends_them() -> None:
    """It takes each block when it ends."""
    content = [
        {"type": "redacted_thinking", "data": seal(Attached(gemini("a"), text=5))},
        {"type": "text", "text": "First"},
        {"type": "redacted_thinking", "data": seal(Attached(gemini("b"), text=11))},
        {"type": "text", "text": "Second"},
    ]
    assert anthropic_parts(content) == (Text("First", gemini("a")), Text("Second", gemini("b")))


def test_an_unsigned_thought_comes_back_unsigned() -> None:
    content = content_of(Thinking("Hm."), Text("Yes."), thinks=True)
    assert content[0]["signature"] == UNSIGNED
    assert anthropic_parts(content) == (Thinking("Hm."), Text("Yes."))


def test_anthropics_own_sealed_thoughts_stay() -> None:
    content = [{"type": "redacted_thinking", "data": "EmwK"}, {"type": "thinking", "thinking": "x", "signature": "s"}]
    assert anthropic_parts(content) == (RedactedThinking("EmwK"), Thinking("x", "s"))


def anthropic_parts(content: list[dict[str, Any]]) -> tuple[Part, ...]:
    messages = [ASKED, {"role": "assistant", "content": content}]
    body = json.dumps({"model": "fast", "max_tokens": 5, "messages": messages}).encode()
    return read_whole(anthropic_wire.ENDPOINT, body).messages[1].parts


# --- opened ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "right"),
    [
        pytest.param((RedactedThinking(SEAL + "e30"), Text("a")), (Text("a"),), id="changed"),
        pytest.param((Thinking("a", SEAL + "!"),), (Thinking("a"),), id="changed-signature"),
        pytest.param(
            (RedactedThinking(seal(Attached(gemini("a"), text=9))), Text("short")),
            (Text("short", gemini("a")),),
            id="a-text-that-was-shortened",
        ),
        pytest.param((RedactedThinking(seal(Attached(gemini("a"), call="c1"))),), (), id="a-call-that-is-gone"),
        pytest.param(
            (RedactedThinking(seal(Attached(gemini("a"), text=3))),), (Text("", gemini("a")),), id="a-text-that-is-gone"
        ),
    ],
)
def test_what_clients_have_changed(parts: tuple[Part, ...], right: tuple[Part, ...]) -> None:
    assert opened(parts) == right
