"""What a relayed stream of Responses has told, read as core events for whoever goes on with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw, structs

from tests.support.responses_wire import Event, begun, call, completed, hosted, message, stream, thought
from turnout.core import (
    ChatRequest,
    Failure,
    Finish,
    Part,
    PartEnd,
    Refusal,
    Search,
    Source,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    UsageSoFar,
    WireBody,
    fold,
)
from turnout.providers import WireProvider, registry

WIRE = "openai-responses"
REQUEST = ChatRequest(model="m", messages=(), stream=True, raw=WireBody(WIRE, {}))


def read(data: bytes, *, cut: int = 0) -> list[StreamEvent]:
    provider = registry()["openai"]
    assert isinstance(provider, WireProvider)
    decoder = provider.operation(REQUEST).decoder(REQUEST)
    return [*decoder.feed(data[:cut]), *decoder.feed(data[cut:]), *decoder.close()]


def parts(events: list[StreamEvent]) -> list[Part]:
    """Without their places."""
    return [structs.replace(part, extensions=None) for choice in fold(events).choices for part in choice.parts]


def without_deltas(events: list[Event]) -> list[Event]:
    return [event for event in events if not event[0].endswith((".delta", "part.added"))]


def other_ids(events: list[Event]) -> list[Event]:
    """GitHub gives an item another id in each event."""
    text = json.dumps(events)
    for number in range(text.count('_0"')):
        text = text.replace('_0"', f'_{number + 1}0"', 1)
    return [(name, fields) for name, fields in json.loads(text)]


SEARCH = {"action": {"type": "search", "query": "trains", "sources": [{"type": "url", "url": "https://x.test/"}]}}
ITEMS: dict[str, tuple[list[Event], list[Part]]] = {
    "text": (message(0, "Hel", "lo"), [Text("Hello")]),
    "refusal": (message(0, "I ", "can't.", kind="refusal"), [Refusal("I can't.")]),
    "thought": (thought(0, "Let me", "see."), [Thinking("Let me\n\nsee.", "gAAAB")]),
    "silent-thought": (thought(0), [Thinking("", "gAAAB")]),
    "call": (call(0, "find", '{"n"', ": 1}"), [ToolCall("call_0", "find", '{"n": 1}')]),
    "custom-call": (call(0, "run", 'a"', "\n", custom=True), [ToolCall("call_0", "run", '{"input":"a\\"\\n"}')]),
    "search": (hosted(0, "web_search_call", **SEARCH), [Search("h_0", ("trains",), (Source("https://x.test/"),))]),
    "a-tool-of-the-provider": (hosted(0, "mcp_call", name="look", arguments="{}"), [ToolCall("h_0", "look", "{}")]),
    "arguments-that-are-no-text": (
        hosted(0, "tool_search_call", arguments={}),
        [ToolCall("h_0", "tool_search_call", "")],
    ),
    "a-list-of-tools": (hosted(0, "mcp_list_tools", tools=[]), []),
    "several": ([*thought(0, "Hm."), *message(1, "Hi")], [Thinking("Hm.", "gAAAB"), Text("Hi")]),
}
every = pytest.mark.parametrize(("events", "meant"), ITEMS.values(), ids=ITEMS)


@every
def test_items_are_read(events: list[Event], meant: list[Part]) -> None:
    """Wherever the network cuts their stream."""
    data = stream([*begun(), *events])
    for cut in range(0, len(data), 7):
        assert parts(read(data, cut=cut)) == meant, cut


@every
def test_some_vendors_send_whole_items_alone(events: list[Event], meant: list[Part]) -> None:
    assert parts(read(stream(without_deltas(events)))) == meant


@every
def test_items_are_known_by_their_place(events: list[Event], meant: list[Part]) -> None:
    calls = [part for part in meant if isinstance(part, ToolCall | Search)]
    if not calls:
        assert parts(read(stream(other_ids(events)))) == meant


@every
def test_what_has_not_ended_is_open(events: list[Event], meant: list[Part]) -> None:
    ended = {
        at: sum(isinstance(event, PartEnd) for event in read(stream(events[:at]))) for at in range(len(events) + 1)
    }
    assert ended[len(events)] == len(meant)
    assert [*ended.values()] == sorted(ended.values())
    assert ended[1] == 0


def test_a_part_has_its_place() -> None:
    answer = fold(read(stream([*thought(0, "Hm."), *message(1, "Hi")])))
    assert [part.extensions for part in answer.choices[0].parts] == [
        {WIRE: {"output_index": Raw(b"0")}},
        {WIRE: {"output_index": Raw(b"1"), "content_index": Raw(b"0")}},
    ]


@pytest.mark.parametrize("kind", ["reasoning_text", "reasoning"])
def test_thoughts_of_models_with_open_weights(kind: str) -> None:
    """vLLM's; the second is the name that its older versions gave."""
    added: Event = "output_item.added", {"output_index": 0, "item": {"id": "rs_0", "type": "reasoning", "summary": []}}
    pieces: list[Event] = [
        (f"{kind}.delta", {"output_index": 0, "content_index": 0, "delta": text}) for text in ("H", "m")
    ]
    assert parts(read(stream([added, *pieces]))) == [Thinking("Hm")]


def test_a_character_in_two_halves() -> None:
    data = stream(message(0, "A", "B")[:4]).replace(b'"delta": "A"', rb'"delta": "\ud83d"')
    assert parts(read(data.replace(b'"delta": "B"', rb'"delta": "\ude00"'))) == [Text("😀")]


@pytest.mark.parametrize(
    "odd", [{"delta": {"text": "x"}}, {"output_index": {}, "delta": "x"}, {"item": 1}, {"part": []}]
)
def test_an_event_of_an_unknown_form_says_nothing(odd: dict[str, Any]) -> None:
    known = message(0, "Hello")[:3]
    assert parts(read(stream([*known, ("output_text.delta", odd)]))) == [Text("Hello")]


def test_the_end() -> None:
    events = read(stream([*begun(), *message(0, "Hi"), *completed()]))
    assert events[0] == Start("resp_0a63f40a2632b747", "gpt", 1)
    assert isinstance(events[-2], UsageSoFar)
    assert events[-1] == Finish("stop", "completed")


def test_a_failure() -> None:
    failed: Event = "failed", {"response": {"status": "failed", "error": {"code": "server_error", "message": "No."}}}
    (*_, failure) = read(stream([*begun(), *message(0, "Hi")[:3], failed]))
    assert isinstance(failure, Failure)
    assert failure.message == "No."
