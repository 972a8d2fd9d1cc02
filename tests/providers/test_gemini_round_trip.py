"""Nothing is lost between the two sides of Gemini's wire, however the network cuts it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from tests.support.gemini_wire import CONTEXT, PNG, SIGNED, STREAM, TARGET, UNARY, deployment, encoded, streamed_request
from turnout.core import (
    Answer,
    Audio,
    ChatRequest,
    Choice,
    Extensions,
    File,
    Finish,
    Image,
    Logprobs,
    Message,
    Output,
    Part,
    PartStart,
    Sampling,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    UsageSoFar,
    fold,
    unfold,
)
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TEXT = WORDS.filter(bool)
NAMES = st.text("abcXYZ_", min_size=1, max_size=8)
PROBABILITY = st.floats(-50, 0)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(WORDS, JSON, max_size=3).map(lambda value: encoded(value).decode())
SIGNATURES = st.sampled_from([None, SIGNED])
THOUGHTS = st.builds(Thinking, TEXT, st.none(), st.sampled_from([{"gemini": {}}, SIGNED]))
MEDIA: st.SearchStrategy[Part] = st.sampled_from(
    [
        Image(data=PNG, media_type="image/png"),
        Image(url="https://x.example/a", media_type="image/webp"),
        Audio("aGk=", "wav"),
        File(data="aGk=", media_type="application/pdf"),
        File(file_id="gs://b/o", media_type="video/mp4"),
    ]
)
CODE: Extensions = {"gemini": {"block": Raw(b'{"executableCode":{"code":"1"}}')}}
BLOCKS = st.just(Text("Ran this code:\n1", CODE))
ANSWER_BLOCKS = st.just(Text("", CODE))
TEXTS: st.SearchStrategy[Part] = st.builds(Text, TEXT, SIGNATURES)


def apart(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Drops texts that this wire would join with the text before: two of one kind without a signature."""
    kept: list[Part] = []
    for part in parts:
        last = kept[-1] if kept else None
        joins = isinstance(part, Text | Thinking) and type(part) is type(last)
        if not joins or CODE in (last and last.extensions, part.extensions) or (last and last.extensions == SIGNED):
            kept.append(part)
    return tuple(kept)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """A system message, then turns of the user, the model, and the model's tools."""
    messages = [Message("system", (Text(draw(TEXT)),))] if draw(st.booleans()) else []
    count = 0
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", tuple(draw(st.lists(TEXTS | MEDIA, min_size=1, max_size=3)))))
        content: list[Part] = draw(st.lists(TEXTS | THOUGHTS | BLOCKS, max_size=3))
        calls: list[ToolCall] = []
        for name in draw(st.lists(NAMES, max_size=3)):
            count += 1
            calls.append(ToolCall(f"c{count}", name, draw(ARGUMENTS), draw(SIGNATURES)))
        parts = apart([*content, *calls])
        if parts:
            messages.append(Message("assistant", parts))
        if calls:
            results = [ToolResult(call.id, (Text(draw(TEXT)),), draw(st.booleans()), call.name) for call in calls]
            messages.append(Message("tool", tuple(results)))
    return tuple(messages)


REQUESTS = st.builds(
    ChatRequest,
    model=st.just("fast"),
    messages=conversations(),
    tools=st.just(()) | st.just((Tool("f", "Does.", Raw(b'{"type":"object"}')), Tool("g"))),
    output=st.sampled_from([Output(), Output("json"), Output("json_schema", Raw(b'{"type":"object"}'))]),
    sampling=st.builds(
        Sampling,
        temperature=st.none() | st.floats(0, 2),
        top_p=st.none() | st.floats(0, 1),
        top_k=st.none() | st.integers(1, 100),
        seed=st.none() | st.integers(-(2**31), 2**31 - 1),
        presence_penalty=st.none() | st.floats(-2, 2),
        frequency_penalty=st.none() | st.floats(-2, 2),
        logprobs=st.none() | st.booleans(),
        top_logprobs=st.none() | st.integers(0, 20),
    ),
    max_output=st.none() | st.integers(1, 1000),
    stop=st.lists(TEXT, max_size=2).map(tuple),
    n=st.integers(1, 4),
    stream=st.just(True),
    stream_usage=st.just(True),
    extensions=st.sampled_from(
        [None, {"gemini": {"cachedContent": Raw(b'"c/1"'), "generationConfig.speechConfig": Raw(b'{"a":1}')}}]
    ),
)


@given(REQUESTS, st.sampled_from([None, *(ToolChoice(mode) for mode in ("auto", "none", "required"))]))
def test_a_conversation_goes_to_the_wire_and_back(request: ChatRequest, choice: ToolChoice | None) -> None:
    if request.tools:
        request = structs.replace(request, tool_choice=choice)
    wired = GEMINI.build(request, deployment(model="fast"))
    assert structs.replace(STREAM.parse(wired.body, TARGET), raw=None) == request


# --- answers -----------------------------------------------------------------------------------------

CANDIDATE = st.builds(TokenLogprob, TEXT, PROBABILITY)
TOKENS = st.lists(
    st.builds(TokenLogprob, TEXT, PROBABILITY, st.lists(CANDIDATE, max_size=2).map(tuple)), max_size=3
).map(tuple)
FINISHES = st.sampled_from(
    [Finish("length", "MAX_TOKENS"), Finish("content_filter", "SAFETY"), Finish("other", "OTHER")]
)
ANSWER_THOUGHTS = st.builds(Thinking, TEXT, st.none(), SIGNATURES)
ANSWER_IMAGES = st.just(Image(data=PNG, media_type="image/png"))
ANSWER_PARTS = st.lists(TEXTS | ANSWER_THOUGHTS | ANSWER_BLOCKS | ANSWER_IMAGES, max_size=4).map(apart)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    choices: list[Choice] = []
    for number in range(draw(st.integers(1, 2))):
        calls = [
            ToolCall(f"c{n}", name, draw(ARGUMENTS), draw(SIGNATURES))
            for n, name in enumerate(draw(st.lists(NAMES, max_size=2)))
        ]
        parts = (*draw(ANSWER_PARTS), *calls)
        finish = draw(FINISHES)
        if not parts:
            parts = (Text("a"),)
        choices.append(Choice(number, parts, structs.replace(finish, choice=number), draw(TOKENS)))
    output = draw(st.integers(1, 99))
    usage = Usage(input=draw(st.integers(1, 99)), output=output, reasoning=draw(st.integers(0, output)), cached_input=1)
    return Answer(id="r", model="m", choices=tuple(choices), usage=usage)


@given(answers())
def test_a_whole_answer_comes_back(answer: Answer) -> None:
    decoder = GEMINI.decoder(ChatRequest(model="m", messages=()))
    assert fold(decoder.feed(UNARY.body(streamed_request(), answer, CONTEXT)) + decoder.close()) == answer


def pieces(events: list[StreamEvent], cuts: list[int]) -> list[list[StreamEvent]]:
    bounds = sorted({0, len(events), *(cut % (len(events) + 1) for cut in cuts)})
    return [events[start:end] for start, end in pairwise(bounds)]


@given(answers(), st.lists(st.integers(0, 100), max_size=4), st.lists(st.integers(0, 10_000), max_size=6))
def test_a_streamed_answer_comes_back_however_it_is_cut(answer: Answer, batches: list[int], cuts: list[int]) -> None:
    """Log probabilities come before their text, as providers send them."""
    renderer = STREAM.renderer(streamed_request(), CONTEXT)
    data = b"".join([renderer.feed(batch) for batch in pieces(as_streamed(answer), batches)]) + renderer.close()
    decoder = GEMINI.decoder(ChatRequest(model="m", messages=(), stream=True))
    bounds = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    events = [event for start, end in pairwise(bounds) for event in decoder.feed(data[start:end])]
    assert fold(events + decoder.close()) == answer


def as_streamed(answer: Answer) -> list[StreamEvent]:
    events = unfold(answer)
    logprobs = [event for event in events if isinstance(event, Logprobs)]
    rest: list[StreamEvent] = [event for event in events if not isinstance(event, Logprobs)]
    at = {event.choice: number for number, event in reversed([*enumerate(rest)]) if isinstance(event, PartStart)}
    for event in sorted(logprobs, key=lambda event: -at[event.choice]):
        rest.insert(at[event.choice], event)
    return rest


@given(st.data())
def test_a_relayed_stream_says_the_same_however_it_is_cut(data: Any) -> None:
    body = b'data: {"candidates":[{"content":{"parts":[{"text":"H\xc3\xa9"}]}}]}\r\n\r\n' * 2 + (
        b'data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3}}\r\n\r\n'
    )
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    bounds = sorted({0, len(body), *cuts})
    relay = GEMINI.relay(ChatRequest(model="m", messages=(), stream=True))
    events = [event for start, end in pairwise(bounds) for event in relay.feed(body[start:end])]
    events += relay.close()
    assert b"".join(event.data for event in events if hasattr(event, "data")) == body.replace(b"\r", b"")
    assert [event for event in events if isinstance(event, UsageSoFar | Finish)] == [
        UsageSoFar(Usage(input=3)),
        Finish("stop", "STOP"),
    ]
