"""Every attempt is settled, once, on every way out; ``house`` checks the "once"."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from tests.engine.support import NO_RETRIES, ORIGIN, House, house, place, timeouts
from tests.support.openai_wire import (
    DONE,
    ENDPOINT,
    USAGE,
    choice,
    chunk,
    completion,
    delta,
    relayed_bytes,
    request_body,
    sse,
)
from tests.support.raw_upstream import RawUpstream, Script, Visit, chunked, ok, replying
from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    Finish,
    Message,
    PartEnd,
    PartStart,
    Relayed,
    Retries,
    Start,
    StreamEvent,
    Support,
    Text,
    Usage,
    UsageSoFar,
)
from turnout.engine import Reply
from turnout.errors import Unsupported, UpstreamBroken, UpstreamError, UpstreamRefused, UpstreamTimeout
from turnout.providers import Profile

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
ROLE = sse(chunk(delta(role="assistant", content="")))
HEL = sse(chunk(delta(content="Hel")))
LO = sse(chunk(delta(content="lo wide world")))
STOP = sse(chunk(delta(finish="stop")))
OVERLOADED = sse({"error": {"message": "Overloaded.", "code": 503}})
PING = b": OPENROUTER PROCESSING\n\n"
COUNTED = sse(chunk(usage=USAGE))
PLAIN = ChatRequest(model="fast", messages=(Message("user", (Text("trains"),)),), stream=True)
RELAYED = ENDPOINT.parse(request_body(stream=True, messages=[{"role": "user", "content": "trains"}]))
ESTIMATED_INPUT = 2


def part_of(*pieces: bytes) -> bytes:
    """Chunks of a body that goes on."""
    return chunked(*pieces).removesuffix(b"0\r\n\r\n")


def streaming(*pieces: bytes, then: str = "end") -> Script:
    """Streams each piece as a chunk of its own; then ends well, cuts, or falls silent until the client leaves."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED, *[part_of(piece) for piece in pieces])
        if then == "end":
            await visit.send(b"0\r\n\r\n")
        if then != "cut":
            await visit.until_left()

    return script


each_way = pytest.mark.parametrize("request_", [RELAYED, PLAIN], ids=["relayed", "translated"])


async def left(server: RawUpstream) -> None:
    await asyncio.wait_for(server.visits[-1].left.wait(), 5)


# --- to the end --------------------------------------------------------------------------------------


@each_way
async def test_a_whole_stream_is_ok(request_: ChatRequest) -> None:
    async with RawUpstream(streaming(ROLE, HEL, LO, STOP, COUNTED, DONE)) as server, house(place(server)) as it:
        reply = await it.ask(request_)
        assert reply.cost is None
        await reply.read_all()
        (end,) = it.book.ends
        assert (end.outcome, end.finish, end.status, end.error) == ("ok", "stop", 200, None)
        assert end.usage == reply.usage == Usage(input=9, output=4)
        assert end.cost == reply.cost == 9 * 1000 + 4 * 5000
        await reply.leave()
        assert await reply.read() is None


@each_way
async def test_usage_that_is_not_reported_is_estimated(request_: ChatRequest) -> None:
    """The client gets the estimate too, unless the provider's own bytes are relayed."""
    async with RawUpstream(streaming(ROLE, HEL, LO, STOP, DONE)) as server, house(place(server)) as it:
        events = await (await it.ask(request_)).read_all()
        (end,) = it.book.ends
        usages = [event.usage for event in events if isinstance(event, UsageSoFar)]
        assert usages == ([] if request_.raw else [end.usage])
        assert end.outcome == "ok"
        assert end.usage is not None
        assert (end.usage.source, end.usage.input) == ("estimated", ESTIMATED_INPUT)
        assert 2 <= end.usage.output <= 5
        assert end.cost == end.usage.input * 1000 + end.usage.output * 5000


async def test_every_field_of_the_origin_is_recorded() -> None:
    async with RawUpstream(replying(ok(completion(choice(content="hi"))))) as server, house(place(server)) as it:
        await (await it.ask()).read_all()
        (start,) = it.book.begun.values()
    assert asdict(ORIGIN) == {name: getattr(start, name) for name in asdict(ORIGIN)}


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
async def test_a_whole_reply_without_usage_is_estimated_by_what_it_says(relayed: bool) -> None:
    body = completion(choice(content="x" * 4000), usage=None)
    async with RawUpstream(replying(ok(body))) as server, house(place(server)) as it:
        await (await (it.ask() if relayed else it.ask(ChatRequest(model="fast", messages=PLAIN.messages)))).read_all()
        (end,) = it.book.ends
        assert end.usage is not None
        assert end.usage.source == "estimated"
        assert 1000 <= end.usage.output <= 1200


async def test_a_deployment_without_a_price_has_no_cost() -> None:
    async with RawUpstream(streaming(HEL, STOP, COUNTED)) as server, house(place(server, price=None)) as it:
        await (await it.ask(PLAIN)).read_all()
        assert (it.book.ends[0].cost, it.book.ends[0].price_version) == (None, None)


@each_way
@pytest.mark.parametrize("then", ["cut", "silence", "half-an-event"])
@pytest.mark.parametrize(("after", "source"), [((COUNTED,), "reported"), ((), "estimated")], ids=["usage", "no-usage"])
async def test_a_stream_that_breaks_after_its_finish_is_complete(
    request_: ChatRequest, after: tuple[bytes, ...], source: str, then: str
) -> None:
    script = (
        streaming(HEL, STOP, *after, HEL[:30]) if then == "half-an-event" else streaming(HEL, STOP, *after, then=then)
    )
    async with RawUpstream(script) as server, house(place(server, timeouts=timeouts(stall=0.1))) as it:
        await (await it.ask(request_)).read_all()
        (end,) = it.book.ends
        assert end.outcome == "ok"
        assert end.usage is not None
        assert end.usage.source == source


@each_way
async def test_done_ends_an_answer_without_a_finish(request_: ChatRequest) -> None:
    """Some vendors never name one."""
    async with RawUpstream(streaming(ROLE, HEL, COUNTED, DONE)) as server, house(place(server)) as it:
        await (await it.ask(request_)).read_all()
        (end,) = it.book.ends
        assert (end.outcome, end.finish) == ("ok", "[DONE]")


# --- cut ---------------------------------------------------------------------------------------------


@each_way
@pytest.mark.parametrize(
    ("script", "error", "what"),
    [
        pytest.param(streaming(ROLE, HEL), UpstreamBroken, "without a finish", id="ends-without-a-finish"),
        pytest.param(streaming(ROLE, HEL, then="cut"), UpstreamBroken, "broke off", id="connection-cut"),
        pytest.param(streaming(HEL, HEL[:30], then="cut"), UpstreamBroken, "broke off", id="cut-in-an-event"),
        pytest.param(streaming(ROLE, HEL, then="silence"), UpstreamTimeout, "no more came within 0.1 s", id="stall"),
        pytest.param(
            streaming(HEL, OVERLOADED),
            UpstreamRefused,
            "reported: Overloaded",
            id="error",
        ),
        pytest.param(
            streaming(HEL + OVERLOADED),
            UpstreamRefused,
            "reported: Overloaded",
            id="error-in-one-piece",
        ),
    ],
)
async def test_a_stream_that_breaks_in_the_middle_is_cut(
    request_: ChatRequest, script: Script, error: type[UpstreamError], what: str
) -> None:
    """The client gets the earlier events, and their usage is estimated."""
    async with RawUpstream(script) as server, house(place(server, timeouts=timeouts(stall=0.1))) as it:
        reply = await it.ask(request_)
        events: list[StreamEvent] = []
        with pytest.raises(error, match=what):
            await into(events, reply)
        assert any(isinstance(event, Relayed | PartStart) for event in events)
        (end,) = it.book.ends
        assert (end.outcome, end.status, end.error_code) == ("cut", 200, error.code)
        assert end.error is not None
        assert end.usage is not None
        assert (end.usage.source, end.usage.input) == ("interrupted", ESTIMATED_INPUT)
        assert 1 <= end.usage.output <= 2


async def into(events: list[StreamEvent], reply: Reply) -> None:
    while (more := await reply.read()) is not None:
        events += more


@pytest.mark.parametrize("last", [b"", OVERLOADED], ids=["stall", "error"])
async def test_a_provider_that_was_given_up_is_told(last: bytes) -> None:
    async with (
        RawUpstream(streaming(HEL, *[last] if last else [], then="silence")) as server,
        house(place(server, timeouts=timeouts(stall=0.1))) as it,
    ):
        with pytest.raises(UpstreamError):
            await (await it.ask(RELAYED)).read_all()
        await left(server)


async def test_usage_that_came_before_the_cut_is_counted_on() -> None:
    """Some vendors report it with every chunk."""
    first = sse(chunk(delta(content="Hel"), usage={"prompt_tokens": 50, "completion_tokens": 10}))
    async with RawUpstream(streaming(first, LO, then="cut")) as server, house(place(server)) as it:
        with pytest.raises(UpstreamBroken):
            await (await it.ask(PLAIN)).read_all()
        assert it.book.ends[0].usage == Usage(input=50, output=14, source="interrupted")


async def test_a_stream_that_drips_ends_with_the_total() -> None:
    async def drips(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED)
        while not visit.left.is_set():
            await visit.send(part_of(HEL))
            await asyncio.sleep(0.02)

    async with RawUpstream(drips) as server, house(place(server, timeouts=timeouts(stall=0.2, total=0.3))) as it:
        began = time.perf_counter()
        with pytest.raises(UpstreamTimeout, match=r"did not finish its answer within 0\.3 s"):
            await (await it.ask(RELAYED)).read_all()
        assert 0.25 < time.perf_counter() - began < 2
        assert it.book.outcomes == ["cut"]


async def test_a_slow_client_is_no_stalled_provider() -> None:
    async with (
        RawUpstream(streaming(ROLE, HEL, LO, STOP, COUNTED, DONE)) as server,
        house(place(server, timeouts=timeouts(stall=0.05))) as it,
    ):
        reply = await it.ask(RELAYED)
        passed = b""
        while (events := await reply.read()) is not None:
            passed += relayed_bytes(events)
            await asyncio.sleep(0.1)
        assert passed == ROLE + HEL + LO + STOP + DONE
        assert it.book.outcomes == ["ok"]


# --- failed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "unary"])
async def test_no_answer_is_a_timeout(stream: bool) -> None:
    """A stream has its time to the first token, a whole answer the time for all of it."""

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.until_left()

    limits = timeouts(first_token=0.1, total=5) if stream else timeouts(first_token=0.01, total=0.1)
    async with RawUpstream(silent) as server, house(place(server, timeouts=limits)) as it:
        with pytest.raises(UpstreamTimeout, match=r"did not begin to answer within 0\.1 s"):
            await it.ask(stream=stream)
        (end,) = it.book.ends
        assert (end.outcome, end.status, end.usage, end.first_token) == ("failed", 0, None, None)
        await left(server)


@each_way
@pytest.mark.parametrize("together", [True, False], ids=["in-one-piece", "apart"])
async def test_an_error_before_anything_was_said_is_told_at_once(request_: ChatRequest, together: bool) -> None:
    """Even if the provider then keeps the connection open."""
    pieces = (ROLE + OVERLOADED,) if together else (ROLE, OVERLOADED)
    async with RawUpstream(streaming(*pieces, then="silence")) as server, house(place(server)) as it:
        with pytest.raises(UpstreamRefused, match="reported: Overloaded"):
            await asyncio.wait_for(it.ask(request_), 2)
        assert it.book.outcomes == ["failed"]
        await left(server)


async def test_headers_alone_are_no_beginning() -> None:
    async with (
        RawUpstream(streaming(then="silence")) as server,
        house(place(server, timeouts=timeouts(first_token=0.1))) as it,
    ):
        with pytest.raises(UpstreamTimeout, match="did not begin"):
            await it.ask(RELAYED)
        assert (it.book.outcomes, it.book.ends[0].status) == (["failed"], 200)
        await left(server)


_PINGS = 8  # in 0.8 s


async def pings_before_it_answers(visit: Visit) -> None:
    await visit.request()
    await visit.send(CHUNKED)
    for _ in range(_PINGS):
        await asyncio.sleep(0.1)
        await visit.send(part_of(PING))
    await visit.send(part_of(ROLE + HEL + STOP + COUNTED + DONE) + b"0\r\n\r\n")


@each_way
async def test_a_provider_that_shows_that_it_is_alive_is_waited_for(request_: ChatRequest) -> None:
    """Reasoning takes its time, and more than the first token should. Each sign of life begins a new pause."""
    limits = timeouts(first_token=0.6, stall=0.6)
    async with RawUpstream(pings_before_it_answers) as server, house(place(server, timeouts=limits)) as it:
        events = await (await it.ask(request_)).read_all()
        if request_ is RELAYED:
            assert relayed_bytes(events) == PING * _PINGS + ROLE + HEL + STOP + DONE
        (end,) = it.book.ends
        assert end.outcome == "ok"
        assert end.first_token is not None
        assert end.first_token > 600_000


@each_way
async def test_a_provider_that_only_shows_that_it_is_alive_is_left_in_the_end(request_: ChatRequest) -> None:
    """Nothing was passed on, so another deployment answers."""
    limits = timeouts(first_token=0.6, first_byte=0.6, stall=5)
    async with (
        RawUpstream(pings_before_it_answers) as pinging,
        RawUpstream(streaming(ROLE, HEL, STOP, DONE)) as good,
        house(place(pinging, timeouts=limits), place(good, "two")) as it,
    ):
        reply = await it.ask(request_)
        await reply.read_all()
        assert reply.deployment.id == "two"
        assert "was alive, but did not begin to answer within 0.6 s" in str(it.book.ends[0].error)


@each_way
async def test_a_sign_of_life_begins_a_new_pause_in_the_middle_too(request_: ChatRequest) -> None:
    """A comment, a blank line, a piece of an event."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED + part_of(ROLE + HEL))
        for piece in (PING, b"\n", LO[:9], LO[9:20], LO[20:], STOP + COUNTED + DONE):
            await asyncio.sleep(0.2)
            await visit.send(part_of(piece))
        await visit.send(b"0\r\n\r\n")

    async with RawUpstream(script) as server, house(place(server, timeouts=timeouts(stall=0.9))) as it:
        await (await it.ask(request_)).read_all()
        assert it.book.outcomes == ["ok"]


async def test_signs_of_life_are_not_gathered_without_end() -> None:
    async def pings(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED)
        while not visit.left.is_set():
            await visit.send(part_of(b": ping\n\n" * 50))

    async with RawUpstream(pings) as server, house(place(server)) as it:
        reply = await asyncio.wait_for(it.ask(RELAYED), 3)
        assert relayed_bytes(await reply.read() or ()).startswith(b": ping\n\n")
        await reply.leave()
        assert it.book.outcomes == ["client_gone"]


# --- left --------------------------------------------------------------------------------------------


@each_way
async def test_a_client_that_leaves_in_the_middle_is_recorded_as_gone(request_: ChatRequest) -> None:
    """The connection to the provider ends at once, and the tokens so far are counted."""
    async with RawUpstream(streaming(ROLE, HEL, then="silence")) as server, house(place(server)) as it:
        reply = await it.ask(request_)
        await reply.read()
        began = time.perf_counter()
        await reply.leave()
        await left(server)
        assert time.perf_counter() - began < 1
        (end,) = it.book.ends
        assert (end.outcome, end.error) == ("client_gone", None)
        assert end.usage is not None
        assert (end.usage.source, end.usage.output) == ("interrupted", 1)
        await reply.leave()


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_leaves_before_the_answer_is_recorded_as_gone() -> None:
    requested = asyncio.Event()

    async def silent(visit: Visit) -> None:
        await visit.request()
        requested.set()
        await visit.until_left()

    async with RawUpstream(silent) as server, house(place(server)) as it:
        task = asyncio.create_task(it.ask(RELAYED))
        await asyncio.wait_for(requested.wait(), 5)
        await cancelled(task)
        assert (it.book.outcomes, it.book.ends[0].status) == (["client_gone"], 0)
        await left(server)


async def test_a_client_that_leaves_before_a_retry_leaves_nothing_open() -> None:
    refusal = b"HTTP/1.1 429 X\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
    async with RawUpstream(replying(refusal)) as server, house(place(server, retries=Retries(attempts=3))) as it:
        task = asyncio.create_task(it.ask(RELAYED))
        await asyncio.wait_for(it.book.ended.wait(), 5)
        await cancelled(task)
        assert it.book.outcomes == ["failed"]


async def test_a_client_that_is_cancelled_while_reading_is_recorded_as_gone() -> None:
    """As the server does it, in a ``finally``."""

    reading = asyncio.Event()

    async def consume(it: House) -> None:
        reply = await it.ask(RELAYED)
        reading.set()
        try:
            await reply.read_all()
        finally:
            await reply.leave()

    async with RawUpstream(streaming(ROLE, HEL, then="silence")) as server, house(place(server)) as it:
        task = asyncio.create_task(consume(it))
        await asyncio.wait_for(reading.wait(), 5)
        await cancelled(task)
        assert it.book.outcomes == ["client_gone"]
        await left(server)


async def test_a_defect_in_the_consumer_settles_when_leaving() -> None:
    async with RawUpstream(streaming(ROLE, HEL, then="silence")) as server, house(place(server)) as it:
        reply = await it.ask(RELAYED)
        with pytest.raises(ZeroDivisionError):
            await stumble(reply)
        assert it.book.outcomes == ["client_gone"]
        await left(server)


async def stumble(reply: Reply) -> None:
    try:
        raise ZeroDivisionError
    finally:
        await reply.leave()


async def test_a_defect_of_ours_is_no_departure(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, data: bytes) -> list[StreamEvent]:
        raise ZeroDivisionError

    monkeypatch.setattr("turnout.providers.openai.chat.relay.StreamRelay.feed", broken)
    async with RawUpstream(streaming(ROLE, HEL, then="silence")) as server, house(place(server)) as it:
        with pytest.raises(ZeroDivisionError):
            await it.ask(RELAYED)
        assert it.book.outcomes == ["failed"]
        await left(server)


# --- providers of this process -----------------------------------------------------------------------


class Parrot:
    """A local provider that says what its script says, and tells whether it was closed."""

    name = "parrot"
    profile = Profile(title="Parrot", base_url="")
    support = Support(namespace="parrot", knobs=frozenset())

    def __init__(self, *script: Sequence[StreamEvent] | Exception | asyncio.Event) -> None:
        self._script = script
        self.closed = False

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        if request.n > 1:
            raise Unsupported("One at a time.", param="n")
        return self._say()

    async def _say(self) -> AsyncIterator[Sequence[StreamEvent]]:
        try:
            for step in self._script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed = True


BEGIN: list[StreamEvent] = [Start(), PartStart(0, Text(""))]
FINISH: list[StreamEvent] = [PartEnd(0), Finish("stop", "stop"), UsageSoFar(Usage(input=1, output=1))]
LOCAL = Deployment(id="d", provider="parrot", model="m", timeouts=timeouts(first_token=0.1, stall=0.1))


@pytest.mark.parametrize(
    "usage", [Usage(input=10**30), Usage(output=-1), Usage(reasoning=2**31)], ids=["huge", "negative", "large"]
)
async def test_usage_that_can_not_be_believed_is_estimated(usage: Usage) -> None:
    """Neither the ledger nor the metrics could hold it."""
    parrot = Parrot(BEGIN, [Delta(0, "a")], [*FINISH[:-1], UsageSoFar(usage)])
    async with house(LOCAL, providers={"parrot": parrot}) as it:
        await (await it.ask(PLAIN)).read_all()
        assert it.book.ends[0].usage == Usage(input=2, output=1, source="estimated")


async def test_a_local_provider_is_read_to_its_end() -> None:
    parrot = Parrot(BEGIN, [Delta(0, "a")], FINISH)
    async with house(LOCAL, providers={"parrot": parrot}) as it:
        assert await (await it.ask(PLAIN)).read_all() == [*BEGIN, Delta(0, "a"), *FINISH]
        assert (it.book.outcomes, it.book.ends[0].status) == (["ok"], 200)


async def test_leaving_closes_a_local_provider() -> None:
    parrot = Parrot(BEGIN, [Delta(0, "a")], asyncio.Event())
    async with house(LOCAL, providers={"parrot": parrot}) as it:
        reply = await it.ask(PLAIN)
        await reply.leave()
        assert parrot.closed
        assert it.book.outcomes == ["client_gone"]


@pytest.mark.parametrize(
    ("script", "error", "outcome"),
    [
        pytest.param((asyncio.Event(),), UpstreamTimeout, "failed", id="silent"),
        pytest.param((BEGIN, [Delta(0, "a")], asyncio.Event()), UpstreamTimeout, "cut", id="stalled"),
        pytest.param((UpstreamBroken("x"),), UpstreamBroken, "failed", id="fails-at-once"),
        pytest.param((BEGIN, [Delta(0, "a")], UpstreamBroken("x")), UpstreamBroken, "cut", id="fails-later"),
        pytest.param((), UpstreamBroken, "failed", id="says-nothing"),
        pytest.param((BEGIN, [Delta(0, "a")]), UpstreamBroken, "cut", id="no-finish"),
    ],
)
async def test_a_local_provider_may_fail_like_any_other(script: Any, error: type[UpstreamError], outcome: str) -> None:
    parrot = Parrot(*script)
    async with house(replace(LOCAL, retries=NO_RETRIES), providers={"parrot": parrot}) as it:
        with pytest.raises(error):
            await (await it.ask(PLAIN)).read_all()
        assert it.book.outcomes == [outcome]
        assert parrot.closed


async def test_a_request_that_a_local_provider_does_not_support_is_no_attempt() -> None:
    async with house(LOCAL, providers={"parrot": Parrot()}) as it:
        with pytest.raises(Unsupported):
            await it.ask(ChatRequest(model="fast", messages=PLAIN.messages, n=2))
        assert it.book.begun == {}


async def test_a_thousand_at_once_are_settled_each() -> None:
    parrot = Parrot(BEGIN, [Delta(0, "a")], FINISH)
    async with house(LOCAL, providers={"parrot": parrot}) as it:
        replies = await asyncio.gather(*[it.ask(PLAIN) for _ in range(1000)])
        await asyncio.gather(*[reply.read_all() for reply in replies])
        assert it.book.outcomes == ["ok"] * 1000


@pytest.mark.parametrize("request_", [RELAYED, PLAIN], ids=["relayed", "translated"])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_events_that_were_left_out_are_counted(request_: ChatRequest, number: int) -> None:
    pieces = [HEL, b"data: {\n\n"] * number
    reply = replying(CHUNKED, chunked(ROLE, *pieces, LO, STOP, DONE))
    async with RawUpstream(reply) as server, house(place(server)) as it:
        await (await it.ask(request_)).read_all()
        assert (it.book.outcomes, it.book.left_out) == (["ok"], number)
