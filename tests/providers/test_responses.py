"""OpenAI's Responses, relayed to vendors that speak them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.failures import bare
from tests.support.relaying import relay_of
from turnout.core import (
    ChatRequest,
    Continuation,
    Defaults,
    Deployment,
    Failure,
    Finish,
    Reasoning,
    Relayed,
    Secret,
    StreamEvent,
    Traits,
    Usage,
    UsageSoFar,
    WireBody,
)
from turnout.errors import ReplyTooLarge, Unsupported, UpstreamBroken
from turnout.providers import WireProvider, registry

WIRE = "openai-responses"
OURS = "turnout-1.e30="
USAGE = (
    b'"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":1},'
    b'"output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":14}'
)
COUNTED = UsageSoFar(Usage(input=9, output=5, cached_input=2, cache_write=1, reasoning=3))


def provider(name: str) -> WireProvider:
    found = registry()[name]
    assert isinstance(found, WireProvider)
    return found


def asked(continues: Continuation | None = None, **fields: Any) -> ChatRequest:
    raw = {name: Raw(json.dumps(value).encode()) for name, value in {"model": "fast", "input": "Hi.", **fields}.items()}
    return ChatRequest(
        model="fast",
        messages=(),
        stream=bool(fields.get("stream")),
        raw=WireBody(WIRE, raw, continues=continues),
        extensions={WIRE: {"background": Raw(b"true")}} if fields.get("background") else None,
    )


def deployment(**fields: Any) -> Deployment:
    base: dict[str, Any] = {"id": "d", "provider": "openai", "model": "m-1", "base_url": "https://x.test/v1"}
    return Deployment(**base | {"api_key": Secret("sk-secret")} | fields)


def sent(request: ChatRequest, name: str = "openai", **fields: Any) -> dict[str, Any]:
    wire = provider(name).operation(request).build(request, deployment(**fields))
    body: dict[str, Any] = json.loads(wire.body)
    return body


def relayed(data: bytes, *, stream: bool = True, cut: int | None = None) -> list[StreamEvent]:
    request = asked(stream=stream)
    relay = relay_of(provider("openai").operation(request), request)
    if cut is None:
        return [*relay.feed(data), *relay.close()]
    return [*relay.feed(data[:cut]), *relay.feed(data[cut:]), *relay.close()]


def event(name: str, rest: bytes = b"") -> bytes:
    return b'event: %b\ndata: {"type":"%b"%b}\n\n' % (name.encode(), name.encode(), rest)


# --- who speaks it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("openai", WIRE),
        ("azure", WIRE),
        ("vllm", WIRE),
        ("llamacpp", "openai-chat"),
        ("compatible", "openai-chat"),
        ("anthropic", "anthropic-messages"),
    ],
)
def test_over_which_wire_it_goes(name: str, wire: str) -> None:
    assert provider(name).operation(asked()).wire == wire


@pytest.mark.parametrize(
    ("name", "fields", "url"),
    [
        ("openai", {}, "https://x.test/v1/responses"),
        ("vllm", {"base_url": "http://x.test:8000"}, "http://x.test:8000/v1/responses"),
        ("azure", {"base_url": "https://x.test"}, "https://x.test/openai/v1/responses"),
        ("azure", {"base_url": "https://x.test", "api_version": "2024-10-21"}, "https://x.test/openai/v1/responses"),
    ],
    ids=["openai", "vllm", "azure", "azure with a dated version"],
)
def test_where_it_goes(name: str, fields: dict[str, Any], url: str) -> None:
    request = asked()
    assert provider(name).operation(request).build(request, deployment(**fields)).url == url


# --- what is sent ------------------------------------------------------------------------------------------


def test_the_clients_fields_are_sent_as_they_are() -> None:
    given_fields: dict[str, Any] = {
        "input": [{"type": "odd", "n": 1.50}],
        "from_the_future": {"a": [None]},
        "stream": True,
    }
    assert sent(asked(**given_fields)) == {"model": "m-1", **given_fields}


def test_missing_defaults_are_filled_in() -> None:
    defaults = Defaults(max_tokens=5, temperature=0.7, top_p=0.9)
    body = sent(asked(), defaults=defaults)
    assert (body["max_output_tokens"], body["temperature"], body["top_p"]) == (5, 0.7, 0.9)


def test_a_model_that_refuses_sampling_while_it_thinks_gets_none() -> None:
    request, traits = asked(temperature=0.5), Traits(refuses_thinking=frozenset({"temperature", "top_p"}))
    assert "temperature" not in sent(request, traits=traits)
    thoughtless = msgspec.structs.replace(request, reasoning=Reasoning(enabled=False, effort="none"))
    assert sent(thoughtless, traits=traits)["temperature"] == 0.5


def test_what_was_sealed_for_another_provider_is_left_out() -> None:
    items = [
        {"type": "reasoning", "summary": [], "encrypted_content": OURS},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
        {"role": "user", "content": f'I say "{OURS}'},
    ]
    assert sent(asked(input=items))["input"] == items[1:]


EARLIER = (
    Raw(b'{"type":"message","role":"user","content":"One."}'),
    Raw(b'{"type":"reasoning","id":"rs_1","summary":[]}'),
    Raw(b'{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gAAAA"}'),
    Raw(b'{"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"turnout-1.e30="}'),
    Raw(b'{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[]}'),
)
REPLAYED = [
    {"type": "message", "role": "user", "content": "One."},
    {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
    {"type": "message", "role": "assistant", "content": []},
]


def test_the_deployment_that_made_an_answer_goes_on_from_its_own() -> None:
    request = asked(Continuation(EARLIER, "d"), previous_response_id="resp_1")
    assert sent(request) == {"model": "m-1", "input": "Hi.", "previous_response_id": "resp_1"}


@pytest.mark.parametrize(
    ("name", "made_by"),
    [("openai", "another"), ("vllm", "d")],
    ids=["another deployment", "a vendor that keeps nothing"],
)
def test_others_are_told_everything(name: str, made_by: str) -> None:
    request = asked(Continuation(EARLIER, made_by), previous_response_id="resp_1")
    hello = {"role": "user", "content": "Hi."}
    assert sent(request, name) == {"model": "m-1", "input": [*REPLAYED, hello]}
    items = [{"type": "function_call_output", "call_id": "c", "output": "x"}]
    request = asked(Continuation(EARLIER, made_by), previous_response_id="resp_1", input=items)
    assert sent(request, name)["input"] == [*REPLAYED, *items]


def test_what_could_never_be_fetched_is_refused() -> None:
    with pytest.raises(Unsupported) as told:
        sent(asked(background=True))
    assert told.value.param == "background"
    assert sent(asked(background=True, stream=True))["background"] is True


# --- what comes back ---------------------------------------------------------------------------------------

CREATED = event("response.created", b',"response":{"id":"r","status":"in_progress"}')
DELTA = event("response.output_text.delta", b',"delta":"Hi"')
COMPLETED = event("response.completed", b',"response":{"status":"completed",%b}' % USAGE)


def test_a_stream_is_passed_on_and_looked_at() -> None:
    assert relayed(CREATED + DELTA + COMPLETED) == [
        Relayed(CREATED, False),
        Relayed(DELTA),
        Relayed(COMPLETED),
        COUNTED,
        Finish("stop", "completed"),
    ]


@given(st.integers(0, len(CREATED + DELTA + COMPLETED)))
def test_wherever_it_is_cut(cut: int) -> None:
    assert relayed(CREATED + DELTA + COMPLETED, cut=cut) == relayed(CREATED + DELTA + COMPLETED)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        (b'"max_output_tokens"', Finish("length", "max_output_tokens")),
        (b'"content_filter"', Finish("content_filter", "content_filter")),
        (b"null", Finish("other", "incomplete")),
    ],
    ids=["length", "content_filter", "unknown"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_why_it_is_incomplete(reason: bytes, finish: Finish, stream: bool) -> None:
    response = b'{"status":"incomplete","incomplete_details":{"reason":%b},"usage":null}' % reason
    data = event("response.incomplete", b',"response":' + response) if stream else response
    assert relayed(data, stream=stream) == [Relayed(data), finish]


def test_a_whole_body_is_passed_on() -> None:
    body = b'{"id":"r","status":"completed","error":null,"output":[],%b}' % USAGE
    assert relayed(body, stream=False) == [Relayed(body), COUNTED, Finish("stop", "completed")]


ERRORS = {
    "nested": event("error", b',"error":{"code":"rate_limit_exceeded","message":"Wait."}'),
    "flat": event("error", b',"code":"rate_limit_exceeded","message":"Wait."'),
    "failed": event("response.failed", b',"response":{"error":{"code":"rate_limit_exceeded","message":"Wait."}}'),
}


@pytest.mark.parametrize("data", ERRORS.values(), ids=ERRORS)
def test_an_error_in_a_stream_is_told(data: bytes) -> None:
    assert bare(relayed(DELTA + data)) == [Relayed(DELTA), Failure("Wait.", "rate_limit_exceeded", 429)]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (b'{"code":"server_error","message":"No."}', Failure("No.", "server_error", 502)),
        (b'{"code":"insufficient_quota","message":"No."}', Failure("No.", "insufficient_quota", 429)),
        (b'{"code":"rate_limit_exceeded","message":"No."}', Failure("No.", "rate_limit_exceeded", 429)),
        (b'{"code":"invalid_prompt","message":"No."}', Failure("No.", "invalid_prompt", 400)),
        (b'{"code":"context_length_exceeded","message":"No."}', Failure("No.", "context_length_exceeded", 400)),
        (b'{"type":"invalid_prompt"}', Failure("The provider reported an error.", "invalid_prompt", 400)),
        (b'{"code":400,"message":"No."}', Failure("No.", "400", 400)),
        (b'{"code":599,"message":"No."}', Failure("No.", "599", 599)),
        (b'{"code":399,"message":"No."}', Failure("No.", "399", 502)),
        (b'{"code":600,"message":"No."}', Failure("No.", "600", 502)),
        (b"{}", Failure("The provider reported an error.", None, 502)),
        (b'"No."', Failure("No.")),
        (b"null", Failure("The provider failed, and didn't say why.")),
    ],
)
def test_an_error_in_a_body_is_told(error: bytes, failure: Failure) -> None:
    assert bare(relayed(b'{"id":"r","status":"failed","error":%b}' % error, stream=False)) == [failure]


@pytest.mark.parametrize("details", [b"", b',"incomplete_details":"none"', b',"status":null'])
def test_the_event_ends_a_response_that_doesnt_tell_its_status(details: bytes) -> None:
    data = event("response.completed", b',"response":{"id":"resp_1"%b}' % details)
    assert relayed(data) == [Relayed(data), Finish("stop", "completed")]
    body = b'{"id":"resp_1","output":[]%b}' % details
    assert relayed(body, stream=False) == [Relayed(body), Finish("stop", "completed")]


@pytest.mark.parametrize("empty", [b"data: [DONE]\n\n", b"data:\n\n", b"data: null\n\n"])
def test_events_that_say_nothing_pass(empty: bytes) -> None:
    assert relayed(empty) == [Relayed(empty, False)]


def test_what_isnt_looked_for_passes() -> None:
    """Comments, unknown events, forms that nobody knows, the end that some vendors write."""
    odd = [b": ping\n\n", event("response.odd", b',"x":1'), b'data: {"type":3}\n\n', b"data: [DONE]\n\n"]
    events = relayed(b"".join(odd))
    assert [found.data for found in events if isinstance(found, Relayed)] == odd
    assert len(events) == len(odd)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_what_isnt_json_is_told(stream: bool) -> None:
    data = b"<html>"
    with pytest.raises(UpstreamBroken, match="sent what isn't a response"):
        relayed(b"data: %b\n\n" % data if stream else data, stream=stream)


@pytest.mark.parametrize("usage", [b'{"input_tokens":-1}', b'{"total_tokens":3}', b"3"], ids=bytes.decode)
def test_usage_that_cant_be_believed_is_none(usage: bytes) -> None:
    body = b'{"status":"completed","usage":%b}' % usage
    assert relayed(body, stream=False) == [Relayed(body), Finish("stop", "completed")]


def test_a_stream_that_goes_on_after_its_end_is_cut() -> None:
    """What comes there is held back with the response, by who keeps that."""
    with pytest.raises(ReplyTooLarge, match="after its end"):
        relayed(COMPLETED + b": ping\n\n" * 10_000, cut=len(COMPLETED))
