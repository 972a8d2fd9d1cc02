"""How long a whole answer is waited for: it may be thought about, but not stall once it is on its way."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.engine.support import house, place, timeouts
from tests.engine.test_plan_walk import HELLO, body_of
from tests.support.raw_upstream import RawUpstream, Visit, ok, replying
from turnout.core import Deployment
from turnout.errors import UpstreamTimeout

HEAD, _, BODY = ok(HELLO).partition(b"\r\n\r\n")


async def falls_silent(visit: Visit) -> None:
    await visit.request()
    await visit.send(HEAD + b"\r\n\r\n" + BODY[:9])
    await visit.until_left()


async def test_a_whole_answer_that_stalls_is_cut_off() -> None:
    """And another deployment has its turn long before ``total``."""
    async with (
        RawUpstream(falls_silent) as stalled,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(stalled, timeouts=timeouts(stall=0.05)), place(good, "two")) as it,
    ):
        assert await body_of(await asyncio.wait_for(it.ask(), 3)) == HELLO
        assert "stopped in its answer: no more came within 0.05 s" in str(it.book.ends[0].error)
        await asyncio.wait_for(stalled.visits[0].left.wait(), 3)


@pytest.mark.parametrize("sent", [b"", HEAD + b"\r\n\r\n", HEAD + b"\r\n\r\n\n "], ids=["nothing", "head", "blanks"])
async def test_a_whole_answer_has_to_begin(sent: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(sent)
        await visit.until_left()

    async with (
        RawUpstream(script) as server,
        house(place(server, timeouts=timeouts(first_byte=0.1, stall=0.01))) as it,
    ):
        with pytest.raises(UpstreamTimeout, match=r"did not begin to answer within 0\.1 s"):
            await asyncio.wait_for(it.ask(), 3)


async def test_a_slow_reply_in_pieces_is_waited_for_until_the_first_token() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        for piece in (HEAD + b"\r\n\r\n", *[BODY[at : at + 40] for at in range(0, len(BODY), 40)]):
            await asyncio.sleep(0.15 if piece.startswith((b"HTTP", BODY[:40])) else 0.02)
            await visit.send(piece)
        await visit.until_left()

    async with (
        RawUpstream(script) as server,
        house(place(server, timeouts=timeouts(first_token=0.01, stall=0.1))) as it,
    ):
        assert await body_of(await it.ask()) == HELLO


async def test_a_provider_that_reads_nothing_of_a_large_request_times_out() -> None:
    messages = [{"role": "user", "content": "x" * 10_000_000}]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        origin = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        to = Deployment(id="d", provider="compatible", model="m", base_url=origin, timeouts=timeouts(stall=0.1))
        async with house(to) as it:
            with pytest.raises(UpstreamTimeout, match="did not take the request"):
                await asyncio.wait_for(it.ask(messages=messages), 5)
            assert it.book.outcomes == ["failed"]
