"""Answers as Chat Completions. The official SDK reads both whole and streamed ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types import Model
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionMessageFunctionToolCall,
)

from tests.support.openai_wire import ASKED, CONTEXT, DIALECT, DONE, ENDPOINT, chunks_of
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    FinishReason,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
    unfold,
)
from turnout.dialects import ServedModel
from turnout.errors import (
    AllDeploymentsFailed,
    InvalidRequest,
    Overloaded,
    TurnoutError,
    Unauthenticated,
    UnknownModel,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)

STOP = Finish("stop", "end_turn")
CALLED = Finish("tool_calls", "tool_use")
USED = Usage(input=100, output=20, cached_input=60, cache_write=30, reasoning=5)
START = Start("msg_1", "claude", 1_780_000_000)
BODY: dict[str, Any] = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}


def stream(events: Sequence[StreamEvent], *, show_usage: bool = False) -> bytes:
    renderer = ENDPOINT.renderer(ChatRequest(model="fast", messages=(), stream=True, stream_usage=show_usage), CONTEXT)
    return b"".join(renderer.feed([event]) for event in events) + renderer.close()


def whole(answer: Answer) -> ChatCompletion:
    return ChatCompletion.model_validate_json(ENDPOINT.body(ASKED, answer, CONTEXT))


def answer(*parts: Any, finish: Finish | None = STOP, **fields: Any) -> Answer:
    return Answer(id="msg_1", model="claude", created=1_780_000_000, choices=(Choice(0, parts, finish),), **fields)


def sdk(reply: bytes, media_type: str, status: int = 200) -> OpenAI:
    """The SDK with a server that has one reply."""
    headers = {"content-type": media_type}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=reply, headers=headers))
    return OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))


def accumulated(reply: bytes) -> ChatCompletion:
    """The completion that the SDK builds from a stream."""
    with sdk(reply, "text/event-stream").chat.completions.stream(**BODY) as read:
        read.until_done()  # get_final_completion would refuse an answer that ran into its limit
        return read.current_completion_snapshot


CALLS = (
    ToolCall("t1", "weather", '{"city": "Köln"}'),
    ToolCall("t2", "time", "{}"),
)

ANSWERS = [
    pytest.param(answer(Text("Hello")), id="text"),
    pytest.param(answer(Text('Grüße 👋🏽\n\u2028\0"\\')), id="odd-characters"),
    pytest.param(answer(Text("a"), Text("b")), id="two-texts"),
    pytest.param(answer(*CALLS, finish=CALLED), id="parallel-calls"),
    pytest.param(answer(Text("Let me see."), CALLS[0], finish=CALLED), id="text-and-call"),
    pytest.param(answer(Refusal("No."), finish=Finish("refusal", "refusal")), id="refusal"),
    pytest.param(answer(Thinking("hm", "sig"), RedactedThinking("x"), Text("Yes.")), id="thinking"),
    pytest.param(
        Answer(
            id="msg_1",
            model="claude",
            created=1_780_000_000,
            choices=(Choice(0, (Text("Hé"),), STOP, (TokenLogprob("H", -0.5, (TokenLogprob("J", -2.0),)),)),),
        ),
        id="logprobs",
    ),
    pytest.param(answer(Text("cut"), finish=Finish("length", "max_tokens")), id="length"),
]


@pytest.mark.parametrize("core_answer", ANSWERS)
def test_the_sdk_reads_the_same_whole_and_streamed(core_answer: Answer) -> None:
    one, other = whole(core_answer), accumulated(stream(unfold(core_answer)))
    (mine,), (theirs,) = one.choices, other.choices
    assert (
        (one.id, one.model, one.created) == (other.id, other.model, other.created) == ("msg_1", "claude", 1_780_000_000)
    )
    assert mine.finish_reason == theirs.finish_reason
    assert (mine.message.content or "") == (theirs.message.content or "") == text_of(core_answer, Text)
    assert (mine.message.refusal or "") == (theirs.message.refusal or "") == text_of(core_answer, Refusal)
    calls = [part for part in core_answer.choices[0].parts if isinstance(part, ToolCall)]
    for message in (mine.message, theirs.message):
        assert rendered_calls(message) == [(call.id, call.name, call.arguments) for call in calls]


def rendered_calls(message: ChatCompletionMessage) -> list[tuple[str, str, str]]:
    """Each call's id, name and arguments."""
    calls = []
    for call in message.tool_calls or ():
        assert isinstance(call, ChatCompletionMessageFunctionToolCall)
        calls.append((call.id, call.function.name, call.function.arguments))
    return calls


def text_of(core_answer: Answer, kind: type[Text] | type[Refusal]) -> str:
    return "".join(part.text for part in core_answer.choices[0].parts if isinstance(part, kind))


@pytest.mark.parametrize("core_answer", ANSWERS)
def test_every_chunk_is_one_of_the_sdks(core_answer: Answer) -> None:
    chunks = chunks_of(stream(unfold(core_answer), show_usage=True))
    assert all(ChatCompletionChunk.model_validate(chunk).object == "chat.completion.chunk" for chunk in chunks)
    assert {(chunk["id"], chunk["model"], chunk["created"]) for chunk in chunks} == {("msg_1", "claude", 1_780_000_000)}
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}


def test_reasoning_is_said_beside_the_content() -> None:
    core_answer = answer(Thinking("hm "), Thinking("so"), Text("Yes."))
    assert whole(core_answer).choices[0].message.model_extra == {"reasoning_content": "hm so"}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks_of(stream(unfold(core_answer)))]
    assert deltas[1:-1] == [{"reasoning_content": "hm "}, {"reasoning_content": "so"}, {"content": "Yes."}]


def test_parallel_calls_may_come_interleaved() -> None:
    """Each piece has the index of its call among the choice's calls. Other parts between them don't count."""
    events: list[StreamEvent] = [
        START,
        PartStart(0, Text("Let me see.")),
        PartEnd(0),
        PartStart(1, ToolCall("t1", "a", "")),
        PartStart(2, ToolCall("t2", "b", '{"')),
        Delta(1, '{"x":'),
        Delta(2, 'y":2}'),
        Delta(1, "1}"),
        PartEnd(2),
        PartEnd(1),
        CALLED,
    ]
    message = accumulated(stream(events)).choices[0].message
    assert message.content == "Let me see."
    assert rendered_calls(message) == [("t1", "a", '{"x":1}'), ("t2", "b", '{"y":2}')]


def test_choices_may_come_interleaved() -> None:
    events: list[StreamEvent] = [
        START,
        PartStart(0, Text("a"), 0),
        PartStart(0, Text("x"), 1),
        PartStart(1, ToolCall("t1", "f", "{}"), 1),
        Delta(0, "b", 0),
        Finish("length", "length", 1),
        PartStart(1, ToolCall("t2", "g", "{}"), 0),
        Finish("tool_calls", "tool_calls", 0),
    ]
    one, two = sorted(accumulated(stream(events)).choices, key=lambda choice: choice.index)
    assert (one.message.content, one.finish_reason, indexes(one.message)) == ("ab", "tool_calls", [0])
    assert (two.message.content, two.finish_reason, indexes(two.message)) == ("x", "length", [0])
    assert {one.message.role, two.message.role} == {"assistant"}


def indexes(message: ChatCompletionMessage) -> list[int]:
    """The calls' places among the message's calls, which the SDK's type leaves out."""
    fields: dict[str, Any] = message.to_dict()
    return [call["index"] for call in fields["tool_calls"]]


def test_usage_of_a_stream_is_said_only_when_asked_for() -> None:
    events = [*unfold(answer(Text("Hi"))), UsageSoFar(Usage(input=1)), UsageSoFar(USED)]
    assert all("usage" not in chunk for chunk in chunks_of(stream(events)))
    last = chunks_of(stream(events, show_usage=True))[-1]
    assert last["choices"] == []
    assert [chunk for chunk in chunks_of(stream(events, show_usage=True)) if chunk.get("usage")] == [last]
    check_usage(ChatCompletionChunk.model_validate(last))


def test_usage_of_a_whole_answer_is_always_said() -> None:
    check_usage(whole(answer(Text("Hi"), usage=USED)))


def check_usage(reply: ChatCompletion | ChatCompletionChunk) -> None:
    usage = reply.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (100, 20, 120)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 60
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 5


@pytest.mark.parametrize("show_usage", [True, False])
def test_no_usage_is_made_up(show_usage: bool) -> None:
    assert all("usage" not in chunk for chunk in chunks_of(stream(unfold(answer(Text("Hi"))), show_usage=show_usage)))
    assert whole(answer(Text("Hi"))).usage is None


@pytest.mark.parametrize(
    ("reason", "openai_reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("other", "length"),
    ],
)
def test_finish_reasons_are_openais_own_with_the_providers_word_beside(
    reason: FinishReason, openai_reason: str
) -> None:
    finished = answer(Text("x"), finish=Finish(reason, "native_word"))
    for choice in (
        json.loads(ENDPOINT.body(ASKED, finished, CONTEXT))["choices"][0],
        chunks_of(stream(unfold(finished)))[-1]["choices"][0],
    ):
        assert (choice["finish_reason"], choice["native_finish_reason"]) == (openai_reason, "native_word")


def test_an_answer_that_was_cut_has_no_finish() -> None:
    cut = answer(Text("x"), finish=None)
    assert json.loads(ENDPOINT.body(ASKED, cut, CONTEXT))["choices"][0]["finish_reason"] is None
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks_of(stream(unfold(cut))))


def test_what_the_provider_leaves_out_is_turnouts() -> None:
    bare = Answer(choices=(Choice(0, (Text("x"),), STOP),))
    reply = whole(bare)
    assert (reply.id, reply.model, reply.created) == ("chatcmpl-req_1", "fast", CONTEXT.created)
    chunk = chunks_of(stream(unfold(bare)))[0]
    assert (chunk["id"], chunk["model"], chunk["created"]) == ("chatcmpl-req_1", "fast", CONTEXT.created)


def test_a_stream_ends_with_done() -> None:
    assert stream(unfold(answer(Text("x")))).endswith(b"\n\n" + DONE)


def test_relayed_frames_pass_as_they_are() -> None:
    """The ledger gets finish and usage as extra events. The provider's end is in the frames."""
    frames = (b": hello\n\n", b'data: {"choices":[]}\n\n', DONE)
    events: list[StreamEvent] = [Relayed(frames[0]), Relayed(frames[1]), STOP, UsageSoFar(USED), Relayed(frames[2])]
    assert stream(events, show_usage=True) == b"".join(frames)


ERRORS = [
    pytest.param(InvalidRequest("Bad 'n'.", param="n"), openai.BadRequestError, "invalid_request", id="invalid"),
    pytest.param(Unauthenticated("No key."), openai.AuthenticationError, "invalid_api_key", id="no-key"),
    pytest.param(UnknownModel("gtp", ["gpt"]), openai.NotFoundError, "model_not_found", id="unknown-model"),
    pytest.param(UpstreamRateLimited(429, "Wait."), openai.RateLimitError, "rate_limit_exceeded", id="rate-limit"),
    pytest.param(Overloaded("Full."), openai.InternalServerError, "overloaded", id="overloaded"),
    pytest.param(UpstreamRefused(418, "Tea."), openai.APIStatusError, "upstream_refused", id="odd-status"),
    pytest.param(UpstreamTimeout("Slow."), openai.InternalServerError, "upstream_timeout", id="timeout"),
    pytest.param(TurnoutError("Defect."), openai.InternalServerError, "internal_error", id="defect"),
]


@pytest.mark.parametrize(("error", "kind", "code"), ERRORS)
def test_the_sdk_understands_errors(error: TurnoutError, kind: type[openai.APIStatusError], code: str) -> None:
    client = sdk(DIALECT.error(error, "req_1"), "application/json", error.status)
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**BODY)
    assert caught.value.code == code
    assert caught.value.param == getattr(error, "param", None)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"] == error.message
    assert caught.value.body["request_id"] == "req_1"
    assert isinstance(caught.value.type, str)


def test_the_sdk_notices_that_a_stream_broke_off() -> None:
    renderer = ENDPOINT.renderer(ChatRequest(model="fast", messages=(), stream=True), CONTEXT)
    begun = renderer.feed([START, PartStart(0, Text("a"))])
    end = renderer.fail(UpstreamBroken("It was cut."))
    assert end is not None
    got = []
    with pytest.raises(openai.APIError, match="It was cut") as caught:  # noqa: PT012  # what came before it counts, too
        for chunk in sdk(begun + end, "text/event-stream").chat.completions.create(**BODY, stream=True):
            got.append(chunk.choices[0].delta.content)  # noqa: PERF401  # a comprehension would lose it
    assert got == ["", "a"]
    assert caught.value.code == "upstream_broken"


def test_when_all_failed_every_deployment_is_named() -> None:
    failures = [("a", UpstreamUnreachable("a is down.")), ("b", UpstreamRateLimited(429, "b is full."))]
    fields = json.loads(DIALECT.error(AllDeploymentsFailed("fast", failures), "req_1"))["error"]
    assert fields["code"] == "all_deployments_failed"
    assert fields["failures"] == [
        {"deployment": "a", "status": 502, "code": "upstream_unreachable", "message": "a is down."},
        {"deployment": "b", "status": 429, "code": "upstream_rate_limited", "message": "b is full."},
    ]


def test_the_sdk_reads_the_model_list() -> None:
    models = [ServedModel(id="fast", provider="openai", created=5), ServedModel(id="größer", provider="echo")]
    listed = list(sdk(DIALECT.models(models), "application/json").models.list())
    assert [(model.id, model.owned_by, model.created) for model in listed] == [
        ("fast", "openai", 5),
        ("größer", "echo", 0),
    ]
    assert Model.model_validate_json(DIALECT.model(models[0])) == listed[0]
