"""Nothing is lost between the two sides of Ollama's wire."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from tests.support.sdks import PNG
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Deployment,
    Finish,
    FinishReason,
    Image,
    Logprobs,
    Message,
    Output,
    Part,
    Reasoning,
    Sampling,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    fold,
    unfold,
)
from turnout.dialects import Endpoint, ReplyContext, endpoint_at
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()
CHAT: Endpoint[ChatRequest, Answer] = endpoint_at("/api/chat")
GENERATE: Endpoint[ChatRequest, Answer] = endpoint_at("/api/generate")
DEPLOYMENT = Deployment(id="d", provider="ollama", model="gpt-oss", base_url="http://x.test")
CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000, received=0.0)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WORDS = TEXT.filter(bool)
NAME = st.sampled_from(["f", "get_weather", "größe"])
ARGUMENTS = st.sampled_from(["{}", '{"b":1.0, "a":100000000000000000000}', '{"x":"é\\u0000 \\"","y":[{}]}'])
SCHEMA = st.sampled_from([Raw(b'{"type": "object", "x": 1.000}'), Raw(b'{"type":"array","items":{}}')])
PICTURE = st.just(Image(data=b64encode(PNG).decode(), media_type="image/png"))

# --- a conversation ----------------------------------------------------------------------------------


@st.composite
def said_by_a_person(draw: st.DrawFn, role: Any) -> Message:
    """This wire has images before the text, and an empty text in a message without content."""
    parts: list[Part] = draw(st.lists(PICTURE, max_size=2)) if role == "user" else []
    parts += [Text(text) for text in draw(st.lists(WORDS, max_size=1))]
    return Message(role, tuple(parts) or (Text(""),))


@st.composite
def said_by_the_model(draw: st.DrawFn) -> Message:
    parts: list[Part] = [Thinking(text) for text in draw(st.lists(WORDS, max_size=1))]
    parts += [Text(text) for text in draw(st.lists(WORDS, max_size=1))]
    parts += draw(st.lists(st.builds(ToolCall, WORDS, NAME, ARGUMENTS), max_size=2))
    return Message("assistant", tuple(parts) or (Text(""),))


RESULT = st.builds(
    lambda call_id, text, pictures, name: Message("tool", (ToolResult(call_id, (Text(text), *pictures), name=name),)),
    WORDS,
    TEXT,
    st.lists(PICTURE, max_size=1),
    NAME,
)
MESSAGE = st.one_of(said_by_a_person("system"), said_by_a_person("user"), said_by_the_model(), RESULT)
SAMPLING = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(0, 100),
    seed=st.none() | st.integers(0, 2**63 - 1),
    presence_penalty=st.none() | st.floats(-2, 2),
    frequency_penalty=st.none() | st.floats(-2, 2),
    logprobs=st.none() | st.booleans(),
    top_logprobs=st.none() | st.integers(0, 20),
)
REQUEST = st.builds(
    ChatRequest,
    model=st.just("fast"),
    messages=st.lists(MESSAGE, min_size=1, max_size=4).map(tuple),
    tools=st.lists(st.builds(Tool, NAME, st.none() | WORDS, SCHEMA), max_size=2).map(tuple),
    output=st.one_of(
        st.just(Output()), st.just(Output("json")), st.builds(Output, st.just("json_schema"), schema=SCHEMA)
    ),
    sampling=SAMPLING,
    reasoning=st.sampled_from(
        [None, Reasoning(), Reasoning(enabled=False), *(Reasoning(effort=e) for e in ("low", "medium", "high"))]
    ),
    max_output=st.none() | st.integers(1, 9999),
    stop=st.lists(WORDS, max_size=3).map(tuple),
    stream=st.booleans(),
    stream_usage=st.just(True),
    extensions=st.sampled_from(
        [None, {"ollama": {"keep_alive": Raw(b'"5m"'), "options.num_ctx": Raw(b"1"), "options.mirostat": Raw(b"2")}}]
    ),
)


def without_tools_beside_a_form(request: ChatRequest) -> ChatRequest:
    """The grammar of a form leaves no way to call a tool."""
    return request if request.output.kind == "text" else structs.replace(request, tools=())


@given(REQUEST.map(without_tools_beside_a_form))
def test_a_conversation(request: ChatRequest) -> None:
    """Core → the provider's request → our own dialect → the same core."""
    sent = OLLAMA.build(request, DEPLOYMENT).body
    assert structs.replace(CHAT.parse(sent), model="fast", raw=None) == request


@given(REQUEST.map(without_tools_beside_a_form))
def test_what_was_parsed_is_built_as_it_came(request: ChatRequest) -> None:
    """Ollama gets the same request, relayed or translated."""
    parsed = CHAT.parse(OLLAMA.build(request, DEPLOYMENT).body)
    relayed = OLLAMA.build(parsed, DEPLOYMENT).body
    translated = OLLAMA.build(structs.replace(parsed, raw=None), DEPLOYMENT).body
    assert json.loads(relayed) == json.loads(translated)


# --- an answer ---------------------------------------------------------------------------------------

LIKELY = st.builds(TokenLogprob, WORDS, st.floats(-9, 0))
LIKELIHOOD = st.builds(lambda one, top: structs.replace(one, top=tuple(top)), LIKELY, st.lists(LIKELY, max_size=2))
REASONS: tuple[tuple[FinishReason, str], ...] = (("stop", "stop"), ("length", "length"))


@st.composite
def answers(draw: st.DrawFn, *, calls: bool = True) -> Answer:
    """An answer as a whole reply has it: one text, with the thoughts before it and the calls after."""
    parts: list[Part] = [Thinking(text) for text in draw(st.lists(WORDS, max_size=1))]
    parts += [Text(text) for text in draw(st.lists(WORDS, max_size=1))]
    parts += draw(st.lists(PICTURE, max_size=1)) if calls else []
    tool_calls = draw(st.lists(st.builds(ToolCall, WORDS, NAME, ARGUMENTS), max_size=2)) if calls else []
    reason: tuple[FinishReason, str] = ("tool_calls", "stop") if tool_calls else draw(st.sampled_from(REASONS))
    finish = Finish(*reason)
    logprobs = tuple(draw(st.lists(LIKELIHOOD, max_size=2)))
    usage = draw(st.none() | st.builds(Usage, input=st.integers(1, 99), output=st.integers(1, 99)))
    return Answer(model="m", choices=(Choice(0, (*parts, *tool_calls), finish, logprobs),), usage=usage)


def spelled(answer: Answer) -> Answer:
    """The answer as it is read: with the bytes of its tokens, which this wire has."""

    def spell(one: TokenLogprob) -> TokenLogprob:
        return structs.replace(one, bytes=tuple(one.token.encode()), top=tuple(spell(top) for top in one.top))

    (choice,) = answer.choices
    return structs.replace(answer, choices=(structs.replace(choice, logprobs=tuple(map(spell, choice.logprobs))),))


def parsed_request(endpoint: Endpoint[Any, Any], *, stream: bool) -> ChatRequest:
    fields = {"model": "fast", "stream": stream, "messages": [{"role": "user", "content": "hi"}], "prompt": "hi"}
    request: ChatRequest = endpoint.parse(json.dumps(fields).encode())
    return request


def read_in_pieces(data: bytes, cuts: list[int], request: ChatRequest) -> Answer:
    decoder = OLLAMA.operation(request).decoder(request)
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    events: list[StreamEvent] = []
    for start, end in pairwise(ends):
        events += decoder.feed(data[start:end])
    return fold(events + decoder.close())


CUTS = st.lists(st.integers(0, 10_000), max_size=6)


@given(answers(), CUTS)
def test_a_whole_answer(answer: Answer, cuts: list[int]) -> None:
    """Core → our dialect's reply → the provider's decoder → the same core."""
    request = parsed_request(CHAT, stream=False)
    assert read_in_pieces(CHAT.body(request, answer, CONTEXT), cuts, request) == spelled(answer)


@given(answers(), CUTS)
def test_a_streamed_answer(answer: Answer, cuts: list[int]) -> None:
    request = parsed_request(CHAT, stream=True)
    renderer = CHAT.renderer(request, CONTEXT)
    stream = b"".join(renderer.feed([event]) for event in unfold(answer)) + renderer.close()
    assert read_in_pieces(stream, cuts, request) == spelled(answer)


@given(answers(calls=False), CUTS, st.booleans())
def test_an_answer_to_a_bare_prompt(answer: Answer, cuts: list[int], stream: bool) -> None:
    request = parsed_request(GENERATE, stream=stream)
    if stream:
        renderer = GENERATE.renderer(request, CONTEXT)
        sent = b"".join(renderer.feed([event]) for event in unfold(answer)) + renderer.close()
    else:
        sent = GENERATE.body(request, answer, CONTEXT)
    assert read_in_pieces(sent, cuts, request) == spelled(answer)


@given(answers(), CUTS)
def test_a_relayed_answer_is_the_same_bytes(answer: Answer, cuts: list[int]) -> None:
    request = parsed_request(CHAT, stream=True)
    renderer, passing = CHAT.renderer(request, CONTEXT), CHAT.renderer(request, CONTEXT)
    stream = b"".join(renderer.feed([event]) for event in unfold(answer)) + renderer.close()
    relay = OLLAMA.relay(request)
    ends = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[start:end] for start, end in pairwise(ends)]
    passed = b"".join(passing.feed(relay.feed(piece)) for piece in pieces)
    assert passed + passing.feed(relay.close()) + passing.close() == stream


def test_log_probabilities_without_a_line_of_their_own_wait_for_the_next() -> None:
    first, second = (Logprobs((TokenLogprob(word, -1.0),)) for word in "ab")
    renderer = CHAT.renderer(parsed_request(CHAT, stream=True), CONTEXT)
    renderer.feed([unfold(Answer())[0], first, second])
    last = json.loads(renderer.close())
    assert [one["token"] for one in last["logprobs"]] == ["a", "b"]
