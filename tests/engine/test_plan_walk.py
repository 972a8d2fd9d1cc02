"""The walk through the deployments of a plan: retries, fallbacks, and the error when all fail."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.engine.support import house, place, timeouts
from tests.support.openai_wire import DONE, USAGE, choice, chunk, completion, delta, relayed_bytes, sse
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok, replying
from turnout.core import ChatRequest, Deployment, Message, Relayed, Retries, Sampling, Text, ToolCall, Traits, fold
from turnout.engine import backoff
from turnout.errors import (
    AllDeploymentsFailed,
    InvalidRequest,
    UnknownModel,
    Unsupported,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnauthenticated,
    UpstreamUnreachable,
)
from turnout.providers import registry

HELLO = completion(choice(content="Hello"))
ROLE = sse(chunk(delta(role="assistant", content="")))
STREAM = ROLE + sse(chunk(delta(content="Hel")), chunk(delta(content="lo")))
END = sse(chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
THREE = Retries(attempts=3, backoff=0.001, backoff_max=0.002)


def status(code: int, *headers: str, body: bytes = b'{"error":{"message":"No."}}') -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} X\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body


def streaming(*pieces: bytes) -> Script:
    return replying(SSE_HEAD, *pieces, close=True)


async def body_of(reply: Any) -> bytes:
    return relayed_bytes(await reply.read_all())


# --- again, at the same deployment -------------------------------------------------------------------


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_a_failure_that_may_pass_is_tried_again(code: int) -> None:
    async with RawUpstream(then_ok(status(code), 2)) as server, house(place(server, retries=THREE)) as it:
        reply = await it.ask()
        assert await body_of(reply) == HELLO
        assert reply.attempts == 3
        assert it.book.outcomes == ["failed", "failed", "ok"]
        assert [end.status for end in it.book.ends] == [code, code, 200]
        assert len({request.partition(b"\r\n\r\n")[2] for request in server.requests}) == 1, "the same body each time"


def then_ok(reply: bytes, times: int) -> Script:
    """Fails so many times, then answers."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(reply if len(visit.requests) <= times else ok(HELLO))

    return script


def closing_after(requests: int) -> Script:
    """Answers so many requests of a connection, and closes it at the next one."""

    async def script(visit: Visit) -> None:
        for _ in range(requests):
            await visit.request()
            await visit.send(ok(HELLO))
        await visit.request()
        visit.close()

    return script


async def test_a_request_on_a_lost_kept_connection_is_another_attempt_at_once() -> None:
    """It doesn't count among the tries, and says nothing of the deployment. The pause of a retry would be long."""
    once = Retries(attempts=1, backoff=60, backoff_max=60)
    async with RawUpstream(closing_after(1)) as server, house(place(server, retries=once)) as it:
        await body_of(await it.ask())
        reply = await it.ask()
        assert await body_of(reply) == HELLO
        assert reply.attempts == 2
        assert it.book.outcomes == ["ok", "failed", "ok"]
        lost = it.book.ends[1]
        assert (lost.status, lost.usage, lost.billing_rule, lost.at_fault) == (0, None, "no_answer", "provider")
        assert it.board.troubled() == {}


async def test_only_one_lost_connection_is_for_nothing() -> None:
    """A provider that answers nobody gets no more tries than others."""
    once = Retries(attempts=1)
    async with RawUpstream(closing_after(1), closing_after(0)) as server, house(place(server, retries=once)) as it:
        await body_of(await it.ask())
        with pytest.raises(UpstreamUnreachable):
            await it.ask()
        assert it.book.outcomes == ["ok", "failed", "failed"]


async def test_a_refused_try_leaves_the_connection_for_the_next() -> None:
    async with RawUpstream(then_ok(status(503), 2)) as server, house(place(server, retries=THREE)) as it:
        await body_of(await it.ask())
        assert len(server.visits) == 1


@pytest.mark.parametrize("code", [301, 400, 401, 403, 404, 405, 413, 418, 422, 501])
async def test_a_failure_that_lasts_is_not_tried_again(code: int) -> None:
    async with RawUpstream(replying(status(code))) as server, house(place(server, retries=THREE)) as it:
        with pytest.raises(UpstreamRefused) as caught:
            await it.ask()
        assert caught.value.status == (code if code >= 400 else 502)
        assert it.book.outcomes == ["failed"]
        assert it.book.ends[0].error_code == caught.value.code
        assert it.book.ends[0].error == caught.value.message


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(replying(b"", close=True), id="closed-before-the-reply"),
        pytest.param(replying(b"garbage\r\n\r\n", close=True), id="garbage"),
        pytest.param(replying(ok(HELLO)[:-5], close=True), id="body-cut"),
        pytest.param(replying(ok(b"<html>"), close=True), id="not-of-this-wire"),
        pytest.param(replying(ok(b'{"error":{"message":"Overloaded."}}'), close=True), id="error-with-status-200"),
        pytest.param(replying(ok(b""), close=True), id="empty"),
    ],
)
async def test_a_broken_whole_answer_is_tried_again(first: Script) -> None:
    async with RawUpstream(first, replying(ok(HELLO))) as server, house(place(server, retries=THREE)) as it:
        assert await body_of(await it.ask()) == HELLO
        assert it.book.outcomes == ["failed", "ok"]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(streaming(), id="nothing"),
        pytest.param(streaming(b": OPENROUTER PROCESSING\n\n"), id="only-a-comment"),
        pytest.param(streaming(ROLE), id="only-the-role"),
        pytest.param(
            streaming(sse(chunk(delta(role="assistant", content=""))) + b"data: {\n\n"), id="malformed-after-the-role"
        ),
        pytest.param(
            streaming(ROLE, sse({"error": {"message": "Overloaded."}})),
            id="error-after-the-role",
        ),
        pytest.param(streaming(sse({"error": {"message": "Overloaded."}})), id="error-at-once"),
        pytest.param(streaming(DONE), id="only-done"),
        pytest.param(streaming(b"<html>Bad gateway</html>"), id="html"),
        pytest.param(streaming(b'{"error":{"message":"Overloaded."}}'), id="no-stream"),
    ],
)
@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
async def test_a_stream_that_fails_before_anything_was_said_is_tried_again(first: Script, relayed: bool) -> None:
    async with RawUpstream(first, streaming(STREAM, END)) as server, house(place(server, retries=THREE)) as it:
        reply = await (it.ask(stream=True) if relayed else it.ask(plain(stream=True)))
        events = await reply.read_all()
        assert reply.attempts == 2
        assert it.book.outcomes == ["failed", "ok"]
        if relayed:
            assert relayed_bytes(events).startswith(STREAM)


def plain(**fields: Any) -> ChatRequest:
    """A request that came on no wire, and so is translated."""
    return ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), **fields)


async def test_an_answer_that_has_begun_is_not_tried_again() -> None:
    async with (
        RawUpstream(streaming(STREAM), streaming(STREAM, END)) as server,
        house(place(server, retries=THREE)) as it,
    ):
        reply = await it.ask(stream=True)
        with pytest.raises(UpstreamBroken, match="in the middle of the answer"):
            await reply.read_all()
        assert it.book.outcomes == ["cut"]
        assert len(server.requests) == 1


# --- how long to wait --------------------------------------------------------------------------------


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the engine would have waited."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("turnout.engine.plan_walk.asyncio.sleep", sleep)
    return waited


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        pytest.param("retry-after: 3", [3.0, 3.0], id="kept-to-the-full"),
        pytest.param("retry-after: 0", [0.0, 0.0], id="at-once"),
        pytest.param("retry-after: 8", [8.0, 8.0], id="as-long-as-the-longest-backoff"),
        pytest.param("retry-after: 9", [9.0, 9.0], id="longer-than-the-longest-backoff"),
        pytest.param("retry-after: 30", [], id="as-long-as-an-answer-may-take-to-begin"),
        pytest.param("retry-after: Wed, 21 Oct 2150 07:28:00 GMT", [], id="far-away"),
    ],
)
async def test_retry_after(header: str, waits: list[float], pauses: list[float]) -> None:
    retries = Retries(attempts=3, backoff=0.5, backoff_max=8)
    async with RawUpstream(replying(status(429, header))) as server, house(place(server, retries=retries)) as it:
        with pytest.raises(UpstreamRateLimited) as caught:
            await it.ask()
        assert pauses == pytest.approx(waits, abs=0.5)
        assert caught.value.retry_after is not None
        assert len(server.requests) == len(waits) + 1


def test_backoff_doubles_to_its_bound_with_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    monkeypatch.setattr("turnout.engine.backoff.random.uniform", uniform)
    waits = [backoff.backoff_before_retry(failed, Retries(backoff=0.5, backoff_max=8)) for failed in range(1, 7)]
    assert waits == [0.5, 1, 2, 4, 8, 8]
    assert bounds == [(0, wait) for wait in waits]


async def test_a_longer_wait_is_for_when_all_others_have_failed(pauses: list[float]) -> None:
    retries = Retries(attempts=2, backoff=0.5, backoff_max=8)
    async with (
        RawUpstream(then_ok(status(429, "retry-after: 20"), 1)) as busy,
        RawUpstream(replying(status(503))) as broken,
        house(place(busy, retries=retries), place(broken, "two")) as it,
    ):
        reply = await it.ask()
        assert [start.deployment for start in it.book.begun.values()] == ["one", "two", "one"]
        assert await body_of(reply) == HELLO
        assert pauses == pytest.approx([20], abs=0.5)


async def test_a_retry_that_does_not_fit_the_requests_deadline_is_not_made(pauses: list[float]) -> None:
    async with (
        RawUpstream(replying(status(429, "retry-after: 3"))) as server,
        house(place(server, retries=THREE)) as it,
    ):
        with pytest.raises(UpstreamRateLimited):
            await it.ask(seconds=2)
        assert (pauses, it.book.outcomes) == ([], ["failed"])


async def test_a_deployment_that_stayed_silent_is_not_tried_again() -> None:
    silent = timeouts(first_byte=0.05)
    async with (
        RawUpstream(replying(b"")) as server,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(server, retries=THREE, timeouts=silent), place(good, "two")) as it,
    ):
        assert await body_of(await it.ask()) == HELLO
        assert [start.deployment for start in it.book.begun.values()] == ["one", "two"]
        assert "(timeouts.first_byte)" in (it.book.ends[0].error or "")


async def test_the_requests_own_deadline_ends_an_attempt() -> None:
    async with RawUpstream(replying(b"")) as server, house(place(server, retries=THREE)) as it:
        for _ in range(10):
            with pytest.raises(UpstreamTimeout, match=r"\(x-turnout-timeout\)"):
                await it.ask(seconds=0.02)
        assert it.board.of(it.catalog.find("fast").deployments[0]).breaker is None, "the client had no time"


async def test_attempts_together_take_no_longer_than_the_longest_may_take_alone() -> None:
    short = timeouts(first_byte=5, total=0.15)
    async with (
        RawUpstream(replying(b"")) as one,
        RawUpstream(replying(b"")) as two,
        house(place(one, timeouts=short), place(two, "two", timeouts=short)) as it,
    ):
        began = time.perf_counter()
        with pytest.raises(UpstreamTimeout, match=r"\(timeouts.total\)"):
            await it.ask()
        assert time.perf_counter() - began < 1
        assert it.book.outcomes == ["failed"]


def test_jitter_is_spread_over_the_whole_range() -> None:
    waits = [backoff.backoff_before_retry(1, Retries(backoff=4, backoff_max=8)) for _ in range(500)]
    assert all(0 <= wait <= 4 for wait in waits)
    assert min(waits) < 0.4
    assert max(waits) > 3.6


async def test_a_deployment_with_one_attempt_never_waits(pauses: list[float]) -> None:
    async with RawUpstream(replying(status(503))) as server, house(place(server)) as it:
        with pytest.raises(UpstreamRefused):
            await it.ask()
        assert pauses == []


# --- elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 401, 403, 404, 408, 429, 500, 503])
async def test_a_failure_of_the_deployment_leads_to_the_next_one(code: int) -> None:
    async with (
        RawUpstream(replying(status(code))) as bad,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(bad), place(good, "two")) as it,
    ):
        reply = await it.ask()
        assert await body_of(reply) == HELLO
        assert (reply.deployment.id, reply.attempts) == ("two", 2)
        assert [start.deployment for start in it.book.begun.values()] == ["one", "two"]
        assert [start.number for start in it.book.begun.values()] == [1, 2]
        assert it.book.outcomes == ["failed", "ok"]


@pytest.mark.parametrize("code", [400, 413, 422])
async def test_a_failure_of_the_request_is_not_tried_elsewhere(code: int) -> None:
    """The client gets the provider's own message."""
    async with (
        RawUpstream(replying(status(code))) as bad,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(bad), place(good, "two")) as it,
    ):
        with pytest.raises(UpstreamRefused, match=f"compatible answered {code}: No."):
            await it.ask()
        assert good.requests == []


async def test_each_deployment_has_its_tries() -> None:
    async with (
        RawUpstream(replying(status(503))) as one,
        RawUpstream(replying(status(502))) as two,
        house(place(one, retries=THREE), place(two, "two", retries=THREE)) as it,
    ):
        with pytest.raises(AllDeploymentsFailed) as caught:
            await it.ask()
        assert (len(one.requests), len(two.requests)) == (3, 3)
        assert [name for name, _ in caught.value.failures] == ["one", "two"]
        assert caught.value.message == (
            "All deployments of 'fast' failed. one: compatible answered 503: No.; two: compatible answered 502: No."
        )
        assert caught.value.status == 502


@pytest.mark.parametrize(("codes", "status_of_all"), [((429, 429), 429), ((429, 503), 502)])
async def test_when_all_failed_alike_so_does_the_request(codes: tuple[int, int], status_of_all: int) -> None:
    """The client gets the shortest ``Retry-After`` of them."""
    scripts = [replying(status(code, f"retry-after: {wait}")) for code, wait in zip(codes, (60, 40), strict=True)]
    async with (
        RawUpstream(scripts[0]) as one,
        RawUpstream(scripts[1]) as two,
        house(place(one), place(two, "two")) as it,
    ):
        with pytest.raises(AllDeploymentsFailed) as caught:
            await it.ask()
        assert (caught.value.status, caught.value.retry_after) == (status_of_all, 40)


async def test_a_mistake_that_the_last_one_finds_is_told_alone() -> None:
    async with (
        RawUpstream(replying(status(503))) as one,
        RawUpstream(replying(status(400))) as two,
        house(place(one), place(two, "two")) as it,
    ):
        with pytest.raises(UpstreamRefused, match="answered 400"):
            await it.ask()


async def test_a_refused_connection_says_how_to_start_the_server() -> None:
    async with house(nowhere("vllm"), nowhere("compatible")) as it:
        with pytest.raises(AllDeploymentsFailed) as caught:
            await it.ask()
        (_, local), (_, other) = caught.value.failures
        assert isinstance(local, UpstreamUnreachable)
        assert "Start it with: vllm serve" in local.message
        assert other.message.endswith("refused the connection.")


def nowhere(provider: str) -> Deployment:
    return Deployment(
        id=provider, provider=provider, model="m", base_url="http://127.0.0.1:1", retries=Retries(attempts=1)
    )


async def test_the_key_is_in_no_error() -> None:
    """Some providers quote it."""
    body = b'{"error":{"message":"Incorrect API key provided: sk-secret."}}'
    async with RawUpstream(replying(status(401, body=body))) as server, house(place(server)) as it:
        with pytest.raises(UpstreamUnauthenticated) as caught:
            await it.ask()
        assert "sk-secret" not in caught.value.message
        assert "sk-secret" not in str(it.book.ends[0])


# --- what is never sent ------------------------------------------------------------------------------

PICKY = plain(n=2)  # which Anthropic and Ollama don't have


async def test_a_request_that_one_deployment_does_not_support_goes_to_the_next() -> None:
    """And it is no attempt: nothing was sent."""
    async with (
        RawUpstream(replying(ok(HELLO))) as server,
        house(place(server, "one", provider="anthropic"), place(server, "two")) as it,
    ):
        reply = await it.ask(PICKY)
        await reply.read_all()
        assert (reply.deployment.id, reply.attempts) == ("two", 1)
        assert [(start.deployment, start.number) for start in it.book.begun.values()] == [("two", 1)]


async def test_a_request_that_no_deployment_supports_is_refused() -> None:
    async with (
        RawUpstream(replying(ok(HELLO))) as server,
        house(place(server, "one", provider="anthropic"), place(server, "two", provider="ollama")) as it,
    ):
        with pytest.raises(Unsupported) as caught:
            await it.ask(PICKY)
        assert (caught.value.param, it.book.begun, server.requests) == ("n", {}, [])


async def test_unsupported_here_and_down_there_names_both() -> None:
    async with (
        RawUpstream(replying(status(503))) as server,
        house(place(server, "one", provider="anthropic"), place(server, "two")) as it,
    ):
        with pytest.raises(AllDeploymentsFailed, match=r"(?s)one: .*several choices.*two: .*503"):
            await it.ask(PICKY)


async def test_a_mistake_that_is_found_while_building_is_the_clients() -> None:
    odd = ChatRequest(model="fast", messages=(Message("user", (Text("a"), ToolCall("c", "f", "{}"))),))
    async with RawUpstream(replying(ok(HELLO))) as server, house(place(server)) as it:
        with pytest.raises(InvalidRequest):
            await it.ask(odd)
        assert it.book.begun == {}


async def test_an_unknown_model_is_unknown() -> None:
    async with house() as it:
        with pytest.raises(UnknownModel):
            await it.ask(model="slow")


# --- the fields of an attempt ----------------------------------------------------------------------


async def test_the_records_tell_who_asked_whom_for_what() -> None:
    async with RawUpstream(replying(ok(HELLO))) as server, house(place(server)) as it:
        began = time.time()
        reply = await it.ask()
        events = await reply.read_all()
        (start,) = it.book.begun.values()
        assert (start.attempt_id, start.request_id, start.number) == ("req_1-1", "req_1", 1)
        assert (start.dialect, start.key_id, start.user, start.model) == ("openai", "key_1", "eve", "fast")
        assert (start.deployment, start.provider, start.upstream_model) == ("one", "compatible", "upstream-model")
        assert start.stream is False
        assert abs(start.started / 1e6 - began) < 5
        (end,) = it.book.ends
        assert (end.outcome, end.status, end.finish) == ("ok", 200, "stop")
        assert (end.usage, end.cost, end.price_version) == (reply.usage, 9 * 1000 + 4 * 5000, "test")
        assert reply.cost == end.cost
        assert end.first_token is not None
        assert 0 <= end.first_token <= end.total < 5e6
        assert 0 <= end.queue < 5e6
        assert isinstance(events[0], Relayed)
        assert b'"model":"upstream-model"' in server.requests[0]


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
async def test_a_refused_parameter_is_dropped_and_named(relayed: bool) -> None:
    traits = Traits(refuses=frozenset({"temperature", "seed"}))
    async with RawUpstream(replying(ok(HELLO))) as server, house(place(server, traits=traits)) as it:
        fields: dict[str, Any] = {"temperature": 0.5, "seed": 7}
        reply = await (it.ask(**fields) if relayed else it.ask(plain(sampling=Sampling(**fields))))
        await reply.read_all()
        assert reply.dropped() == ["temperature", "seed"]
        assert b'"model"' in server.requests[0]
        assert not any(f'"{name}"'.encode() in server.requests[0] for name in fields)


class WithoutRelay:
    """A provider whose wire no dialect speaks has no ``relay``."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def operation(self, request: Any) -> WithoutRelay:
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "relay":
            raise AttributeError(name)
        return getattr(self._provider, name)


async def test_a_wire_without_a_relay_is_decoded() -> None:
    providers: Any = {"compatible": WithoutRelay(registry()["compatible"])}
    async with RawUpstream(replying(ok(HELLO))) as server, house(place(server), providers=providers) as it:
        events = await (await it.ask()).read_all()
        assert not [event for event in events if isinstance(event, Relayed)]
        assert [part.text for part in fold(events).choices[0].parts if isinstance(part, Text)] == ["Hello"]
