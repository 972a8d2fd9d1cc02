"""Nothing is lost between the two sides of Anthropic's wire, wherever the network cuts it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.anthropic_wire import (
    ASKED,
    CONTEXT,
    ENDPOINT,
    MESSAGE_STOP,
    PNG,
    PROVIDER,
    STREAMED,
    block_delta,
    block_start,
    block_stop,
    deployment,
    message_delta,
    message_start,
    relayed_bytes,
    sse,
    streamed_answer,
    unary_answer,
)
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder

# --- any split ---------------------------------------------------------------------------------------

STREAM = (
    message_start(usage={"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 1}),
    block_start(0, {"type": "thinking", "thinking": "", "signature": ""}),
    block_delta(0, "thinking_delta", thinking="hm… 🤔"),
    block_delta(0, "signature_delta", signature="sig"),
    block_stop(0),
    {"type": "ping"},
    block_start(1, {"type": "text", "text": "", "citations": []}),
    block_delta(1, "text_delta", text='Grüße 👋\n\n"message_delta"'),
    block_delta(1, "citations_delta", citation={"type": "char_location"}),
    block_stop(1),
    block_start(2, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
    block_delta(2, "input_json_delta", partial_json='{"a": '),
    block_delta(2, "input_json_delta", partial_json="1}"),
    block_stop(2),
    block_start(3, {"type": "server_tool_use", "id": "s1", "name": "x", "input": {}}),
    block_delta(3, "input_json_delta", partial_json="{}"),
    block_stop(3),
    message_delta("tool_use", {"output_tokens": 9}),
    MESSAGE_STOP,
)
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
SPLICED = message_start(id="msg_2")


def _utf8(data: bytes) -> bytes:
    """Replaces JSON's escapes by the characters themselves, so that a cut may be inside of one."""
    return data.replace(b"\\u2026", "…".encode()).replace(b"\\ud83e\\udd14", "🤔".encode())


STREAMS = [
    _utf8(sse(*STREAM)),
    _utf8(sse(*STREAM, line_end="\r\n")),
    sse(*STREAM[:8]),
    sse(*STREAM[:8])[:-30],
    sse(*STREAM[:8], ERROR, *STREAM[8:]),
    sse(*STREAM[:8], SPLICED, *STREAM[1:]),
    b": comment\n\n" + sse(*STREAM) + b"data: [DONE]\n\n",
]


def outcome(make: Callable[[ChatRequest], Decoder], data: bytes, cuts: list[int]) -> tuple[list[StreamEvent], str]:
    """All events, and the message of the error that broke the stream."""
    decoder = make(STREAMED)
    events: list[StreamEvent] = []
    bounds = [0, *sorted(cuts), len(data)]
    try:
        for start, end in pairwise(bounds):
            events += decoder.feed(data[start:end])
        return events + decoder.close(), ""
    except UpstreamBroken as error:
        return events, error.message


CUTS = st.lists(st.integers(0, max(map(len, STREAMS))), max_size=40)


@given(st.sampled_from(STREAMS), CUTS)
def test_any_split_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    assert outcome(PROVIDER.decoder, data, cuts) == outcome(PROVIDER.decoder, data, [])


@given(st.sampled_from(STREAMS), CUTS)
def test_any_split_passes_the_same_bytes_on(data: bytes, cuts: list[int]) -> None:
    events, broke = outcome(PROVIDER.relay, data, cuts)
    whole_events, whole_broke = outcome(PROVIDER.relay, data, [])
    assert relayed_bytes(events) == relayed_bytes(whole_events)
    assert [e for e in events if not isinstance(e, Relayed)] == [e for e in whole_events if not isinstance(e, Relayed)]
    assert broke == whole_broke


@given(st.sampled_from([stream for stream in STREAMS if stream.endswith(b"\n") and b'"error"' not in stream]), CUTS)
def test_a_decoder_and_a_relay_see_the_same_usage_and_finish(data: bytes, cuts: list[int]) -> None:
    decoded, _ = outcome(PROVIDER.decoder, data, cuts)
    relayed, _ = outcome(PROVIDER.relay, data, cuts)
    ledger = UsageSoFar | Finish
    assert [e for e in decoded if isinstance(e, ledger)] == [e for e in relayed if isinstance(e, ledger)]


# --- answers -----------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)
OBJECT_TEXTS = st.builds(
    lambda value, spaced: json.dumps(value) if spaced else json.dumps(value, separators=(",", ":")),
    OBJECTS,
    st.booleans(),
)


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value, separators=(",", ":")).encode())


def extended(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values.map(lambda value: {"anthropic": {field: raw(value)}})


CALLERS = extended("caller", OBJECTS)  # without one, a reply says the usual caller
BLOCKS = OBJECTS.map(lambda fields: {"type": "server_tool_use", "input": fields})
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, WORDS, extended("citations", st.lists(OBJECTS, min_size=1, max_size=2))),
    st.builds(Text, st.just(""), extended("block", BLOCKS).filter(bool)),
    st.builds(Thinking, WORDS, NAMES),
    st.builds(RedactedThinking, WORDS),
    st.builds(ToolCall, NAMES, NAMES, OBJECT_TEXTS, CALLERS),
)
REFUSALS = st.lists(st.builds(Refusal, WORDS, extended("category", NAMES)), max_size=1)
FINISHES = st.sampled_from(
    [
        Finish("stop", "end_turn"),
        Finish("stop", "stop_sequence", stop_sequence="END"),
        Finish("length", "max_tokens"),
        Finish("tool_calls", "tool_use"),
        Finish("refusal", "refusal"),
        Finish("other", "pause_turn"),
    ]
)
COUNTS = st.integers(0, 10**9)
USAGES = st.builds(
    lambda plain, cached, written, output: Usage(
        input=plain + cached + written, cached_input=cached, cache_write=written, output=output, reasoning=output // 2
    ),
    *[COUNTS] * 4,
)


def answer_of(parts: list[Part], refusal: list[Part], finish: Finish, usage: Usage) -> Answer:
    """A stop beside calls means the calls."""
    if finish.reason == "stop" and any(isinstance(part, ToolCall) for part in parts):
        finish = Finish("tool_calls", finish.native_reason, stop_sequence=finish.stop_sequence)
    return Answer(id="msg_1", model="fast", choices=(Choice(0, (*parts, *refusal), finish),), usage=usage)


ANSWERS = st.builds(
    answer_of,
    st.lists(PARTS, max_size=5),
    REFUSALS,
    FINISHES,
    USAGES,
)


@given(ANSWERS)
def test_a_whole_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert unary_answer(ENDPOINT.body(ASKED, answer, CONTEXT)) == answer


@given(ANSWERS, st.data())
def test_a_streamed_answer_comes_back_as_it_was(answer: Answer, data: st.DataObject) -> None:
    """Its parts come in pieces, in any order."""
    (choice,) = answer.choices
    assert choice.finish is not None
    assert answer.usage is not None
    parts = [events_of_part(index, part, data) for index, part in enumerate(choice.parts)]
    events = [Start(answer.id, answer.model), *interleaved(parts, data), choice.finish, UsageSoFar(answer.usage)]
    renderer = ENDPOINT.renderer(STREAMED, CONTEXT)
    stream = b"".join(renderer.feed([event]) for event in events) + renderer.close()
    assert streamed_answer(stream) == answer


def events_of_part(index: int, part: Part, data: st.DataObject) -> list[StreamEvent]:
    """The events of one part. Its end has everything that an end can add."""
    if isinstance(part, RedactedThinking) or (isinstance(part, Text) and "block" in str(part.extensions)):
        return [PartStart(index, part), PartEnd(index)]
    field = "arguments" if isinstance(part, ToolCall) else "text"
    text = getattr(part, field)
    cut = data.draw(st.integers(0, len(text)))
    changes: dict[str, Any] = {field: text[:cut]}
    end = PartEnd(index)
    if isinstance(part, Thinking):
        changes["signature"] = None
        end = PartEnd(index, signature=part.signature)
    elif isinstance(part, Text):
        changes["extensions"] = None
        end = PartEnd(index, extensions=part.extensions)
    middle = data.draw(st.integers(cut, len(text)))
    pieces = [Delta(index, piece) for piece in (text[cut:middle], text[middle:])]
    return [PartStart(index, msgspec.structs.replace(part, **changes)), *pieces, end]


def interleaved(parts: list[list[StreamEvent]], data: st.DataObject) -> list[StreamEvent]:
    """Parts begin in their order, and may all be open at once."""
    waiting = list(parts)
    running: list[list[StreamEvent]] = []
    events: list[StreamEvent] = []
    while waiting or running:
        if waiting and (not running or data.draw(st.booleans())):
            running.append(waiting.pop(0))
            events.append(running[-1].pop(0))
            continue
        part = data.draw(st.sampled_from(running))
        events.append(part.pop(0))
        running = [part for part in running if part]
    return events


# --- conversations -----------------------------------------------------------------------------------


def objects(fields: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    return st.fixed_dictionaries(fields, optional=optional)


CACHE = {"cache_control": st.just({"type": "ephemeral"})}
SAID = WORDS.filter(str.strip)
"""Anthropic refuses texts without a word."""
TEXTS = objects({"type": st.just("text"), "text": SAID}, CACHE)
IMAGES = objects(
    {
        "type": st.just("image"),
        "source": st.sampled_from(
            [
                {"type": "base64", "media_type": "image/png", "data": PNG},
                {"type": "url", "url": "https://example.com/a.png"},
                {"type": "file", "file_id": "file_1"},
            ]
        ),
    },
    CACHE,
)
DOCUMENTS = objects(
    {
        "type": st.just("document"),
        "source": st.sampled_from(
            [
                {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                {"type": "text", "media_type": "text/plain", "data": "Grüße"},
                {"type": "url", "url": "https://example.com/a.pdf"},
                {"type": "file", "file_id": "file_1"},
                {"type": "content", "content": [{"type": "text", "text": "x"}]},
            ]
        ),
    },
    {"title": NAMES, "context": WORDS, "citations": st.just({"enabled": True})},
)
RESULTS = objects(
    {"type": st.just("tool_result"), "tool_use_id": NAMES},
    {
        "is_error": st.booleans(),
        "content": SAID | st.lists(TEXTS | IMAGES | DOCUMENTS, max_size=3),
        **CACHE,
    },
)
THOUGHTS = st.one_of(
    objects({"type": st.just("thinking"), "thinking": WORDS, "signature": NAMES}, {}),
    objects({"type": st.just("redacted_thinking"), "data": WORDS}, {}),
)
CALLS = objects({"type": st.just("tool_use"), "id": NAMES, "name": NAMES, "input": OBJECTS}, CACHE)
USER = st.builds(
    lambda results, rest: {"role": "user", "content": [*results, *rest]},
    st.lists(RESULTS, max_size=2),
    st.lists(TEXTS | IMAGES | DOCUMENTS, min_size=1, max_size=3),
)
ASSISTANT = st.builds(
    lambda blocks: {"role": "assistant", "content": blocks},
    st.lists(TEXTS | THOUGHTS | CALLS | BLOCKS, min_size=1, max_size=3),
)
TOOLS = objects(
    {"name": NAMES, "input_schema": OBJECTS},
    {"description": WORDS, "strict": st.just(False), "defer_loading": st.booleans()},
)
FIELDS = objects(
    {
        "model": st.just("claude-sonnet-4-6"),
        "max_tokens": st.integers(2049, 10**6),
        "messages": st.builds(
            lambda pairs, last: [*(message for pair in pairs for message in pair), last],
            st.lists(st.tuples(USER, ASSISTANT), max_size=3),
            USER,
        ),
    },
    {
        "system": SAID | st.lists(TEXTS, min_size=1, max_size=2),
        "tools": st.lists(TOOLS, min_size=1, max_size=2)
        | st.just([{"name": "f", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}]),
        "stop_sequences": st.lists(WORDS, max_size=2),
        "metadata": objects({}, {"user_id": NAMES, "other": JSON}),
        "stream": st.booleans(),
        "from_the_future": OBJECTS,
    },
)


def closed_schema(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"}},
        "required": [name],
        "additionalProperties": False,
    }


FORMS = {
    "format": NAMES.map(lambda name: {"type": "json_schema", "schema": closed_schema(name)}),
    "task_budget": OBJECTS,
}
EFFORT = st.sampled_from(["low", "medium", "high", "max"])
CHOICES = (
    objects({"type": st.just("auto")}, {"disable_parallel_tool_use": st.booleans()}),
    st.just({"type": "none"}),
)
FORCED = (
    objects({"type": st.just("any")}, {"disable_parallel_tool_use": st.booleans()}),
    st.just({"type": "tool", "name": "f"}),
)
WITH_THOUGHTS = objects(
    {
        "thinking": st.sampled_from(
            [{"type": "adaptive"}, {"type": "enabled", "budget_tokens": 2048}, {"type": "between_tools"}]
        ),
        "output_config": objects({"effort": EFFORT}, FORMS),
    },
    {"tool_choice": st.one_of(*CHOICES), "top_p": st.floats(0.95, 1)},
)
WITHOUT_THOUGHTS = st.builds(
    lambda fields, sampling: fields | sampling,
    objects(
        {},
        {
            "thinking": st.just({"type": "disabled"}),
            "output_config": objects({}, FORMS),
            "tool_choice": st.one_of(*CHOICES, *FORCED),
            "top_k": st.integers(0, 500),
        },
    ),
    objects({}, {"temperature": st.floats(0, 1)}) | objects({}, {"top_p": st.floats(0, 1)}),
)


def with_four_markers(body: dict[str, Any]) -> dict[str, Any]:
    """Anthropic takes no more."""
    for block in [block for block in objects_in(body) if "cache_control" in block][4:]:
        del block["cache_control"]
    return body


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(inner)


REQUESTS = st.builds(
    lambda fields, settings: with_four_markers(fields | settings), FIELDS, WITH_THOUGHTS | WITHOUT_THOUGHTS
)
"""Those that Claude takes as they are. Others are changed: ``test_anthropic_thinking.py`` and its neighbours."""


@given(REQUESTS)
def test_a_conversation_survives_the_way_through_the_core(body: dict[str, Any]) -> None:
    """It is the same after it was parsed, built from the core, and parsed again; messages of one role may be joined."""
    first = parsed(json.dumps(body, separators=(",", ":")).encode())
    built = PROVIDER.build(first, deployment(model="claude-sonnet-4-6"))
    again = parsed(built.body)
    assert built.changes == ()
    assert flat(again) == flat(first)
    assert msgspec.structs.replace(again, messages=()) == msgspec.structs.replace(first, messages=())


@given(REQUESTS)
def test_a_relayed_conversation_is_the_clients_own(body: dict[str, Any]) -> None:
    request = ENDPOINT.parse(json.dumps(body).encode())
    assert json.loads(PROVIDER.build(request, deployment(model="claude-sonnet-4-6")).body) == body


def parsed(body: bytes) -> ChatRequest:
    return msgspec.structs.replace(ENDPOINT.parse(body), raw=None)


def flat(request: ChatRequest) -> list[tuple[str, Part]]:
    return [(message.role, part) for message in request.messages for part in message.parts]
