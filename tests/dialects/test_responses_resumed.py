"""A response whose relayed stream broke off, written on: what other vendors than OpenAI leave out or send otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.openai_wire import CONTEXT
from tests.support.responses_wire import ID, TEXT, Event, begun, call, message, stream, thought
from turnout.core import (
    ChatRequest,
    Citation,
    Delta,
    Finish,
    PartEnd,
    PartStart,
    Relayed,
    Seam,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    WireBody,
)
from turnout.core.framing import events_of
from turnout.dialects.openai.responses.stream import ResponseRenderer
from turnout.errors import UpstreamBroken

WIRE = "openai-responses"
REQUEST = ChatRequest(model="fast", messages=(), stream=True, raw=WireBody(WIRE, {}))
STOP = Finish("stop", "stop")


def at(output: int, content: int | None = None) -> dict[str, dict[str, Raw]]:
    places = {"output_index": output, "content_index": content}
    return {WIRE: {name: Raw(b"%d" % place) for name, place in places.items() if place is not None}}


def resumed(frames: bytes, told: list[StreamEvent], then: list[StreamEvent]) -> tuple[ResponseRenderer, bytes]:
    """The renderer, and what it wrote after the relayed ``frames``."""
    renderer = ResponseRenderer(REQUEST, CONTEXT, is_stored=True)
    assert renderer.feed([Relayed(frame) for frame in events_of(frames)]) == frames
    return renderer, renderer.feed([Seam("d2", tuple(told), frames), *then])


def events_in(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: ")]


def output(renderer: ResponseRenderer) -> list[dict[str, Any]]:
    """That of the response when it is complete."""
    last: dict[str, Any] = events_in(renderer.close())[-1]["response"]
    assert renderer.response is not None
    assert json.loads(renderer.response) == last
    return list(last["output"])


OPEN_TEXT: list[StreamEvent] = [PartStart(0, Text("", at(0, 0))), Delta(0, "Hel")]
REST: list[StreamEvent] = [Delta(0, "lo"), PartEnd(0), STOP]


def test_the_open_part_is_written_on() -> None:
    renderer, data = resumed(stream([*begun(), *message(0, "Hel")[:3]]), OPEN_TEXT, REST)
    assert data.startswith(b": d2 goes on\n\n")
    place = {"output_index": 0, "item_id": "msg_0", "content_index": 0}
    whole = TEXT | {"text": "Hello"}
    assert events_in(data) == [
        {"type": "response.output_text.delta", "sequence_number": 5, **place, "delta": "lo", "logprobs": []},
        {"type": "response.output_text.done", "sequence_number": 6, **place, "text": "Hello", "logprobs": []},
        {"type": "response.content_part.done", "sequence_number": 7, **place, "part": whole},
    ]
    assert output(renderer)[0]["content"] == [whole]


def test_numbers_are_counted_where_the_vendor_has_none() -> None:
    frames = b": keep-alive\n\n" + stream(message(0, "Hel")[:3]).replace(b'"sequence_number"', b'"n"')
    _, data = resumed(frames, OPEN_TEXT, REST)
    assert [event["sequence_number"] for event in events_in(data)] == [3, 4, 5]


def test_new_items_come_after_a_gap() -> None:
    """An item that was announced without anything in it (openai/openai-python calls it an empty added event)."""
    frames = stream([*begun(), *thought(0), ("output_item.added", {"output_index": 1, "item": None}), *message(2, "A")])
    told: list[StreamEvent] = [
        PartStart(0, Thinking("", extensions=at(0))),
        PartEnd(0),
        PartStart(1, Text("A", at(2, 0))),
        PartEnd(1),
    ]
    renderer, data = resumed(frames, told, [PartStart(2, Text("B")), PartEnd(2), STOP])
    assert events_in(data)[0]["output_index"] == 3
    assert [item["id"] for item in output(renderer)] == ["rs_0", "msg_2", f"msg_{ID.removeprefix('resp_')}_3"]


def test_ids_of_another_form_have_no_part_in_ours() -> None:
    """A reference to one of our items has to find the answer by the number in its id."""
    frames = stream([*begun(), *thought(0)]).replace(ID.encode(), b"r-1")
    renderer, _ = resumed(frames, [], [PartStart(0, Text("B")), PartEnd(0), STOP])
    assert [item["id"] for item in output(renderer)] == ["rs_0", "msg_1_1"]


def test_likelihoods_and_citations_of_both_are_there() -> None:
    begun_text = message(0, "Hel")[:3]
    begun_text[2][1]["logprobs"] = [{"token": "Hel", "logprob": -0.5}]
    annotation = {"type": "url_citation", "url": "https://x.test/", "start_index": 0, "end_index": 3, "title": "X"}
    cited: Event = "output_text.annotation.added", {"output_index": 0, "content_index": 0, "annotation": annotation}
    then: list[StreamEvent] = [Delta(0, "lo"), PartEnd(0, citations=(Citation("https://y.test/", "Y", 3, 5),)), STOP]
    renderer, data = resumed(stream([*begun(), *begun_text, cited]), OPEN_TEXT, then)
    (added,) = [event for event in events_in(data) if event["type"] == "response.output_text.annotation.added"]
    assert added["annotation_index"] == 1
    (text,) = output(renderer)[0]["content"]
    assert text["logprobs"] == begun_text[2][1]["logprobs"]
    assert [each["url"] for each in text["annotations"]] == ["https://x.test/", "https://y.test/"]


def test_an_open_thought_ends_without_what_only_its_provider_can_read() -> None:
    frames = stream([*begun(), *thought(0, "Let me", "see.")[:7]])
    told: list[StreamEvent] = [PartStart(0, Thinking("Let me\n\nsee.", extensions=at(0)))]
    renderer, data = resumed(frames, told, [PartEnd(0), PartStart(1, Text("Hi")), PartEnd(1), STOP])
    assert [event["type"].removeprefix("response.") for event in events_in(data)][:3] == [
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    summary = [{"type": "summary_text", "text": text} for text in ("Let me", "see.")]
    assert output(renderer)[0] == {"id": "rs_0", "type": "reasoning", "summary": summary}


def test_an_open_thought_of_a_model_with_open_weights() -> None:
    frames = stream([*begun(), *thought(0)[:1], ("reasoning_text.delta", {"output_index": 0, "delta": "Hm"})])
    told: list[StreamEvent] = [PartStart(0, Thinking("Hm", extensions=at(0)))]
    renderer, data = resumed(frames, told, [PartEnd(0), PartStart(1, Text("Hi")), PartEnd(1), STOP])
    assert events_in(data)[0]["type"] == "response.reasoning_text.done"
    assert output(renderer)[0]["content"] == [{"type": "reasoning_text", "text": "Hm"}]


def test_what_is_open_and_nobody_goes_on_with_has_failed() -> None:
    """So the SDK finds every item that it knows in the whole response."""
    item = {"id": "ws_0", "type": "web_search_call", "status": "in_progress"}
    frames = stream([*begun(), ("output_item.added", {"output_index": 0, "item": item})])
    renderer, data = resumed(frames, [], [PartStart(0, Text("Hi")), PartEnd(0), STOP])
    assert events_in(data)[0]["item"] == item | {"status": "failed"}
    assert output(renderer)[0] == item | {"status": "failed"}


def test_texts_of_two_messages_may_be_open() -> None:
    frames = stream([*begun(), *message(0, "A")[:3], *message(1, "B")[:3]])
    told: list[StreamEvent] = [PartStart(0, Text("A", at(0, 0))), PartStart(1, Text("B", at(1, 0)))]
    renderer, _ = resumed(frames, told, [Delta(0, "a"), PartEnd(0), Delta(1, "b"), PartEnd(1), STOP])
    assert [item["content"][0]["text"] for item in output(renderer)] == ["Aa", "Bb"]


def test_a_text_that_was_said_to_be_whole_ends_at_the_seam() -> None:
    frames = stream([*begun(), *message(0, "Hello")[:4]])
    told: list[StreamEvent] = [PartStart(0, Text("Hello", at(0, 0))), PartEnd(0)]
    _, data = resumed(frames, told, [])
    assert [event["type"] for event in events_in(data)] == ["response.content_part.done"]


def test_a_call_that_was_said_to_be_whole_ends_at_the_seam() -> None:
    for custom in (False, True):
        events = call(0, "f", "{}", custom=custom)
        told: list[StreamEvent] = [PartStart(0, ToolCall("call_0", "f", "{}", at(0))), PartEnd(0)]
        _, data = resumed(stream([*begun(), *events[:3]]), told, [])
        assert [event["item"] for event in events_in(data)] == [events[-1][1]["item"]]


def test_nobody_goes_on_with_a_part_whose_place_is_not_known() -> None:
    """As one that a decoder of a plug-in has read."""
    with pytest.raises(UpstreamBroken, match="a part of"):
        resumed(stream([*begun(), *message(0, "Hel")[:3]]), [PartStart(0, Text("Hel"))], REST)


def test_the_failure_of_the_one_that_goes_on_has_what_came_before_it() -> None:
    renderer, _ = resumed(stream([*begun(), *message(0, "Hello")]), [], [])
    *_, failed = events_in(renderer.fail(UpstreamBroken("It broke.")))
    assert failed["type"] == "response.failed"
    assert failed["response"]["id"] == ID
    assert [item["id"] for item in failed["response"]["output"]] == ["msg_0"]
