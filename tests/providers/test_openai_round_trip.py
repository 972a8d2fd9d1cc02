"""Nothing is lost between the two sides of OpenAI's wire."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.openai_wire import ASKED, CONTEXT, ENDPOINT, PNG, VENDORS, deployment, read
from turnout.core import (
    Answer,
    Audio,
    ChatRequest,
    Choice,
    File,
    Finish,
    FinishReason,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    Text,
    Thinking,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    fold,
    unfold,
)

PROVIDER = VENDORS["compatible"]  # says all that the wire can say
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SAID = TEXT.filter(bool)
NAME = st.sampled_from(["f", "get_weather", "größe"])
ARGUMENTS = st.sampled_from(["{}", '{"b":1.0, "a":100000000000000000000}', '{"x":"é\\u0000 \\""}', "not even JSON"])
SCHEMA = st.sampled_from([Raw(b"{}"), Raw(b'{"type": "object", "x": 1.000}')])

# --- a conversation ----------------------------------------------------------------------------------

PICTURE = st.one_of(
    st.just(Image(data=PNG, media_type="image/png", detail="low")),
    st.just(Image(url="https://x.test/a b.png")),
)
CONTENT: st.SearchStrategy[Part] = st.one_of(
    TEXT.map(Text),
    PICTURE,
    st.just(Audio("UklG", "wav")),
    st.just(File(data="JVBE", media_type="application/pdf", name="a.pdf")),
    st.just(File(file_id="file-1")),
)
CALL = st.builds(ToolCall, SAID, NAME, ARGUMENTS)
DEVELOPER = {"openai": {"role": Raw(b'"developer"')}}


@st.composite
def assistants(draw: st.DrawFn) -> Message:
    parts: list[Part] = [Thinking(text) for text in draw(st.lists(SAID, max_size=1))]
    parts += [Text(text) for text in draw(st.lists(TEXT, max_size=2))]
    parts += [Refusal(text) for text in draw(st.lists(SAID, max_size=1))]
    parts += draw(st.lists(CALL, max_size=2))
    return Message("assistant", tuple(parts), draw(st.none() | SAID))


def message_of(role: str) -> st.SearchStrategy[Message]:
    parts: dict[str, st.SearchStrategy[Any]] = {
        "system": st.lists(TEXT.map(Text), min_size=1, max_size=2),
        "user": st.lists(CONTENT, min_size=1, max_size=3),
        "tool": st.lists(
            st.builds(ToolResult, SAID, st.lists(TEXT.map(Text) | PICTURE, min_size=1, max_size=2).map(tuple)),
            min_size=1,
            max_size=1,
        ),
    }
    named = st.none() | SAID if role in ("system", "user") else st.none()
    extensions = st.sampled_from([None, DEVELOPER]) if role == "system" else st.none()
    return st.builds(Message, st.just(role), parts[role].map(tuple), named, extensions)


MESSAGE = st.one_of(message_of("system"), message_of("user"), message_of("tool"), assistants())
NOT_STRICT = st.sampled_from([None, False])
"""Most of these schemas can't be held strictly."""
TOOL = st.builds(Tool, NAME, st.none() | TEXT, st.none() | SCHEMA, NOT_STRICT)
OUTPUT = st.one_of(
    st.just(Output()),
    st.just(Output("json")),
    st.builds(Output, st.just("json_schema"), st.none() | SCHEMA, SAID, NOT_STRICT, st.none() | TEXT),
)
SAMPLING = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(-1, 100),
    seed=st.none() | st.integers(-(2**63), 2**63 - 1),
    presence_penalty=st.none() | st.floats(-2, 2),
    frequency_penalty=st.none() | st.floats(-2, 2),
)
FLEX = {"service_tier": Raw(b'"flex"')}
STORED = {"store": Raw(b"true")}
"""Only answers that are stored have metadata."""
REASONING = st.sampled_from([None, Reasoning(effort="low"), Reasoning(enabled=False, effort="none")])


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    tools = tuple(draw(st.lists(TOOL, max_size=2)))
    choices = [None, ToolChoice("auto"), ToolChoice("none"), ToolChoice("required"), ToolChoice("tool", "f")]
    stream = draw(st.booleans())
    metadata = draw(st.none() | st.dictionaries(TEXT, TEXT, max_size=2))
    return ChatRequest(
        model="fast",
        messages=tuple(draw(st.lists(MESSAGE, min_size=1, max_size=4))),
        tools=tools,
        tool_choice=draw(st.sampled_from(choices)) if tools else None,
        parallel_tool_calls=draw(st.none() | st.booleans()) if tools else None,
        output=draw(OUTPUT),
        sampling=draw(SAMPLING),
        reasoning=draw(REASONING),
        max_output=draw(st.none() | st.integers(1, 2**31 - 1)),
        stop=tuple(draw(st.lists(SAID, max_size=2))),
        n=draw(st.integers(1, 3)),
        stream=stream,
        stream_usage=stream,
        user=draw(st.none() | TEXT),
        metadata=metadata,
        extensions=draw(st.sampled_from([None, {"openai": FLEX}])) if metadata is None else {"openai": STORED},
    )


@settings(max_examples=50)
@given(requests())
def test_a_conversation_survives_the_way_over_the_wire(request: ChatRequest) -> None:
    body = PROVIDER.build(request, deployment(model="fast")).body
    assert msgspec.structs.replace(ENDPOINT.parse(body), raw=None) == request


@settings(max_examples=50)
@given(requests())
def test_a_relayed_conversation_is_the_clients_own(request: ChatRequest) -> None:
    body = PROVIDER.build(request, deployment(model="fast")).body
    relayed = PROVIDER.build(ENDPOINT.parse(body), deployment(model="slow")).body
    assert relayed == body.replace(b'"model":"fast"', b'"model":"slow"', 1)


# --- an answer ---------------------------------------------------------------------------------------

PARTS = st.tuples(
    st.lists(SAID.map(Thinking), max_size=1),
    st.lists(SAID.map(Text), max_size=1),
    st.lists(SAID.map(Refusal), max_size=1),
    st.lists(CALL, max_size=3, unique_by=lambda call: call.id),
).map(lambda kinds: tuple(part for kind in kinds for part in kind))
REASONS: tuple[FinishReason, ...] = ("stop", "length", "tool_calls", "content_filter")
COUNT = st.integers(0, 2**20)


def logprobs(top: st.SearchStrategy[tuple[TokenLogprob, ...]]) -> st.SearchStrategy[TokenLogprob]:
    """Tokens with their bytes, which aren't always what the text would have."""
    spelled = st.lists(st.integers(0, 255), max_size=4).map(tuple)
    return st.builds(TokenLogprob, st.text(max_size=5), st.floats(-100, 0), top, spelled)


LOGPROBS = st.lists(logprobs(st.lists(logprobs(st.just(())), max_size=2).map(tuple)), max_size=3).map(tuple)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    choices = []
    for number in range(draw(st.integers(1, 3))):
        parts = draw(PARTS)
        reason = draw(st.sampled_from(REASONS))
        if reason == "stop" and any(isinstance(part, ToolCall) for part in parts):
            reason = "tool_calls"  # the two mean the same there
        choices.append(Choice(number, parts, Finish(reason, reason, number), draw(LOGPROBS)))
    given_tokens, made = draw(COUNT), draw(COUNT)
    cached = draw(st.integers(0, given_tokens))
    usage = Usage(
        input=given_tokens,
        output=made,
        cached_input=cached,
        cache_write=draw(st.integers(0, given_tokens - cached)),
        reasoning=draw(st.integers(0, made)),
    )
    return Answer(
        id=draw(SAID),
        model=draw(SAID),
        created=draw(st.integers(1, 2**40)),
        choices=tuple(choices),
        usage=draw(st.sampled_from([None, usage])),
    )


@given(answers())
def test_a_whole_answer_survives(answer: Answer) -> None:
    decoder = PROVIDER.decoder(ChatRequest(model="m", messages=()))
    assert fold(read(decoder, ENDPOINT.body(ASKED, answer, CONTEXT))) == answer


@given(answers(), st.sets(st.integers(0, 2000), max_size=8))
def test_a_streamed_answer_survives(answer: Answer, cuts: set[int]) -> None:
    request = ChatRequest(model="m", messages=(), stream=True, stream_usage=True)
    renderer = ENDPOINT.renderer(request, CONTEXT)
    stream = renderer.feed(unfold(answer)) + renderer.close()
    assert fold(read(PROVIDER.decoder(request), stream, cuts)) == answer


@given(answers())
def test_relay_and_decoder_tell_the_same_facts(answer: Answer) -> None:
    request = ChatRequest(model="m", messages=(), stream=True, stream_usage=True)
    renderer = ENDPOINT.renderer(request, CONTEXT)
    stream = renderer.feed(unfold(answer)) + renderer.close()
    decoded = fold(read(PROVIDER.decoder(request), stream))
    relayed = fold(event for event in read(PROVIDER.relay(request), stream) if type(event).__name__ != "Relayed")
    assert relayed.usage == decoded.usage
    assert [choice.finish for choice in relayed.choices] == [choice.finish for choice in decoded.choices]


def test_big_numbers_and_odd_bytes_survive_in_a_calls_arguments() -> None:
    arguments = '{"b":1.0, "a":100000000000000000000000}'
    answer = Answer(id="a", model="m", created=1, choices=(Choice(0, (ToolCall("c", "f", arguments),), None),))
    body = ENDPOINT.body(ASKED, answer, CONTEXT)
    assert json.loads(body)["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == arguments
