"""What the engine tells the board of its attempts, over sockets, and what follows from it."""

from __future__ import annotations

import pytest

from tests.engine.support import house, place
from tests.support.openai_wire import DONE, USAGE, choice, chunk, completion, delta, sse
from tests.support.raw_upstream import RawUpstream, ok, replying
from turnout.core.quota import Allowance, Quota
from turnout.errors import UpstreamError

HELLO = completion(choice(content="Hello"))
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + sse(
    chunk(delta(role="assistant", content="Hi")), chunk(delta(finish="stop")), chunk(usage=USAGE)
)
FAILING = b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"
THROTTLED = b"HTTP/1.1 429 X\r\nretry-after: 7\r\nx-ratelimit-remaining-requests: 0\r\ncontent-length: 0\r\n\r\n"


async def test_an_answer_tells_its_times_tokens_and_limits() -> None:
    limits = ("x-ratelimit-remaining-requests: 9", "x-ratelimit-limit-requests: 10", "x-ratelimit-reset-requests: 6s")
    async with RawUpstream(replying(ok(HELLO, *limits))) as server, house(place(server)) as it:
        reply = await it.ask()
        figures = it.board.of(reply.deployment)
        assert figures.in_flight == 1
        await reply.read_all()
        assert figures.in_flight == 0
        assert reply.usage is not None
        assert figures.learned.output.value == reply.usage.output
        assert figures.quota == Quota(requests=Allowance(9, 10, 6.0))
        assert figures.learned.first_token.at(it.board.now()) is None
        assert figures.breaker is None


async def test_only_a_stream_tells_the_time_to_its_first_token() -> None:
    async with RawUpstream(replying(STREAM, DONE, close=True)) as server, house(place(server)) as it:
        reply = await it.ask(stream=True)
        await reply.read_all()
        first = it.board.of(reply.deployment).learned.first_token.at(it.board.now())
        assert first is not None
        assert first > 0


async def test_a_deployment_that_fails_is_asked_last() -> None:
    async with (
        RawUpstream(replying(FAILING)) as bad,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(bad, "bad"), place(good, "good")) as it,
    ):
        attempts = []
        for _ in range(7):
            reply = await it.ask()
            await reply.read_all()
            attempts.append(reply.attempts)
        assert attempts == [2, 2, 2, 2, 2, 1, 1]
        assert "it reports errors, 5 times in a row" in reply.plan.candidates[-1].reason


async def test_a_refusal_tells_how_long_to_wait_and_what_is_left() -> None:
    async with RawUpstream(replying(THROTTLED)) as server, house(place(server)) as it:
        with pytest.raises(UpstreamError):
            await it.ask()
        deployment = it.catalog.find("fast").deployments[0]
        figures = it.board.of(deployment)
        assert figures.quota == Quota(requests=Allowance(0))
        assert figures.breaker is not None
        assert figures.breaker.until - figures.breaker.since == pytest.approx(7.0)
