"""What a provider said in an error reaches the caller, whatever form and status it came in; and who is asked next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.support import House, house, place
from tests.engine.test_settling import HEL, PLAIN, RELAYED, ROLE, STOP, part_of, streaming
from tests.support.openai_wire import choice, completion, sse
from tests.support.raw_upstream import RawUpstream, Script, chunked, ok, replying
from turnout.core import ChatRequest, Deployment, Retries
from turnout.errors import AllDeploymentsFailed, UpstreamBroken, UpstreamError, UpstreamRefused

WORDS = "Down for maintenance."
ERROR = {"error": {"message": WORDS, "type": "server_error", "code": "maintenance"}}
PLACES = {
    "compatible": "/v1",
    "openai": "/v1",
    "llamacpp": "/v1",
    "anthropic": "",
    "gemini": "/v1beta",
    "ollama": "",
}
BODIES = {
    "object": json.dumps(ERROR),
    "indented": json.dumps(ERROR, indent=2),
    "array": json.dumps([ERROR]),
    "event": f"event: error\ndata: {json.dumps(ERROR)}\n\n",
    "data": f"data: {json.dumps(ERROR)}\n\ndata: [DONE]\n\n",
    "code": json.dumps({"code": 20012, "message": WORDS, "data": None}),
    "minimax": json.dumps({"choices": None, "base_resp": {"status_code": 1000, "status_msg": WORDS}}),
    "page": f"<html><body><p>{WORDS}</p></body></html>",
}


def refusing(status: str, error: Any, *headers: str) -> Script:
    body = json.dumps(error).encode()
    return replying(ok(body, *headers).replace(b"200 OK", status.encode(), 1))


async def failure_of(it: House, request: ChatRequest | None = None) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await (await it.ask(request)).read_all()
    return caught.value


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("provider", PLACES)
async def test_an_error_with_status_200_is_told_in_its_words(provider: str, body: str, stream: bool) -> None:
    """Before anything was said, it is an error like any other."""
    request = ChatRequest(model="fast", messages=PLAIN.messages, stream=stream)
    async with RawUpstream(replying(ok(body.encode()))) as server:
        where = place(server, provider=provider, base_url=f"{server.origin}{PLACES[provider]}")
        async with house(where) as it:
            error = await failure_of(it, request)
            assert isinstance(error, UpstreamRefused)
            assert error.message.endswith(WORDS)
            assert (error.elsewhere, error.status) == (True, 502)
            (end,) = it.book.ends
            assert (end.outcome, end.status) == ("failed", 200)


@pytest.mark.parametrize("request_", [RELAYED, PLAIN], ids=["relayed", "translated"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_another_deployment_answers_then(body: str, request_: ChatRequest) -> None:
    answer = streaming(ROLE, HEL, STOP)
    async with (
        RawUpstream(replying(ok(body.encode()))) as broken,
        RawUpstream(answer) as well,
        house(place(broken), place(well, "two")) as it,
    ):
        reply = await it.ask(request_)
        await reply.read_all()
        assert reply.deployment.id == "two"


async def test_one_that_came_cut_into_bytes_is_told() -> None:
    pieces = [part_of(bytes([byte])) for byte in json.dumps(ERROR).encode()]
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    async with RawUpstream(replying(head + b"".join(pieces) + chunked())) as server, house(place(server)) as it:
        assert (await failure_of(it, RELAYED)).message.endswith(WORDS)


async def test_what_isnt_an_error_is_not_quoted() -> None:
    """A whole answer in place of a stream, and text of any other form, may be private."""
    for body in (completion(choice(content="secret plans")), b"secret plans", b'{"secret": "plans"}'):
        async with RawUpstream(replying(ok(body))) as server, house(place(server)) as it:
            error = await failure_of(it, PLAIN)
            assert isinstance(error, UpstreamBroken)
            assert "secret" not in f"{error.message} {error.words}"


async def test_an_odd_error_in_the_middle_of_a_stream_is_told() -> None:
    odd = sse({"error": {"message": [WORDS, "Sorry."], "code": {"a": 1}}})
    for request in (RELAYED, PLAIN):
        async with RawUpstream(streaming(ROLE, HEL, odd)) as server, house(place(server)) as it:
            assert (await failure_of(it, request)).message == f"The provider reported: {WORDS}; Sorry."


@pytest.mark.parametrize(("request_", "same"), [(RELAYED, True), (PLAIN, False)], ids=["relayed", "translated"])
async def test_an_error_knows_whether_the_client_speaks_its_wire(request_: ChatRequest, same: bool) -> None:
    for script in (refusing("400 Bad Request", ERROR), streaming(sse(ERROR)), streaming(ROLE, HEL, sse(ERROR))):
        async with RawUpstream(script) as server, house(place(server)) as it:
            error = await failure_of(it, request_)
            assert (error.same_wire, json.loads(error.words.error)) == (same, ERROR["error"])


async def test_the_providers_limits_and_request_id_go_along() -> None:
    sent = ["x-ratelimit-remaining-tokens: 0", "Anthropic-Ratelimit-Requests-Reset: soon", "retry-after-ms: 1500"]
    script = refusing("429 Too Many Requests", ERROR, *sent, "request-id: req_theirs", "set-cookie: a=b")
    async with RawUpstream(script) as server, house(place(server)) as it:
        error = await failure_of(it)
        assert error.retry_after == 1.5
        assert error.headers == {
            "x-ratelimit-remaining-tokens": "0",
            "anthropic-ratelimit-requests-reset": "soon",
            "retry-after-ms": "1500",
            "x-turnout-upstream-request-id": "req_theirs",
        }


# --- who is asked next -------------------------------------------------------------------------------


def error_of(message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


OF_THE_DEPLOYMENT = {
    "context": ("400 Bad Request", error_of("prompt is too long: 9 tokens > 8 maximum")),
    "context-500": ("500 Internal Server Error", error_of("maximum context length is 8 tokens")),
    "quota": ("429 Too Many Requests", error_of("Pay.", "insufficient_quota")),
    "credit": ("400 Bad Request", error_of("Your credit balance is too low.")),
    "model": ("400 Bad Request", error_of("The model `m` does not exist.")),
    "key": ("400 Bad Request", error_of("API key not valid. Please pass a valid API key.")),
}


@pytest.mark.parametrize(("status", "error"), OF_THE_DEPLOYMENT.values(), ids=OF_THE_DEPLOYMENT)
async def test_what_is_a_deployments_own_is_asked_elsewhere_and_not_again(status: str, error: Any) -> None:
    async with (
        RawUpstream(refusing(status, error)) as one,
        RawUpstream(streaming(ROLE, HEL, STOP)) as two,
        house(place(one, retries=Retries(attempts=3)), place(two, "two")) as it,
    ):
        reply = await it.ask(PLAIN)
        await reply.read_all()
        assert (reply.deployment.id, len(one.requests)) == ("two", 1)


@pytest.mark.parametrize("code", ["content_filter", "unsupported_value"])
@pytest.mark.parametrize("status", ["400 Bad Request", "422 Unprocessable Entity"])
async def test_what_another_would_say_too_is_the_answer(status: str, code: str) -> None:
    async with (
        RawUpstream(refusing(status, error_of("No.", code))) as one,
        RawUpstream() as two,
        house(place(one), place(two, "two")) as it,
    ):
        assert (await failure_of(it)).words.code == code
        assert two.requests == []


async def failures(*answers: tuple[str, Any]) -> UpstreamError:
    """The error after each of two deployments gave its answer."""
    first, second = (refusing(status, error) for status, error in answers)
    async with RawUpstream(first) as one, RawUpstream(second) as two:
        places: list[Deployment] = [place(one), place(two, "two")]
        async with house(*places) as it:
            return await failure_of(it)


LONG = ("400 Bad Request", error_of("prompt is too long: 9 tokens > 8 maximum"))
LONGER = ("400 Bad Request", error_of("prompt is too long: 90 tokens > 80 maximum"))
BUSY = ("429 Too Many Requests", error_of("Wait.", "rate_limit_exceeded"))
GONE = ("404 Not Found", error_of("Not here."))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param((LONG, LONGER), (400, "context", 90, 80), id="both-too-small"),
        pytest.param((LONG, GONE), (400, "context", 9, 8), id="only-a-shorter-request-helps"),
        pytest.param((LONG, BUSY), (502, "", None, None), id="waiting-helps-too"),
        pytest.param((BUSY, BUSY), (429, "rate_limit", None, None), id="both-busy"),
        pytest.param((BUSY, GONE), (502, "", None, None), id="nothing-in-common"),
    ],
)
async def test_several_failures_have_a_meaning_if_they_share_it(answers: Any, told: tuple[Any, ...]) -> None:
    error = await failures(*answers)
    assert isinstance(error, AllDeploymentsFailed)
    assert (error.status, error.kind, error.tokens, error.limit) == told
