"""What an attempt has used is written down while it is under way: it is the bill if this process dies."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.support import PRICE, House, house, place
from tests.support.openai_wire import DONE, USAGE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Visit
from turnout import ticker
from turnout.core import AttemptEnd, Usage

SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
WORDS = sse(chunk(delta(role="assistant", content="")), chunk(delta(content="one")), chunk(delta(content=" two")))
WORD = sse(chunk(delta(content=" more")))
END = sse(chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE


class Upstream:
    """Sends what it is told to, piece by piece; at ``None`` it ends."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def __call__(self, visit: Visit) -> None:
        await visit.request()
        self.asked.set()
        while (piece := await self.pieces.get()) is not None:
            await visit.send(piece)
        visit.close()

    def say(self, *pieces: bytes | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)


@pytest.fixture(autouse=True)
def no_tick_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "INTERVAL", 3600)


def metered_at(it: House, seconds: float) -> AttemptEnd:
    """What is written down of the one attempt, ``seconds`` after now."""
    (watched,) = it.ticker.watched
    watched.tick(it.ticker.time() + seconds)
    return it.book.metered[-1]


async def test_an_attempt_is_metered_from_its_first_tick_to_its_end() -> None:
    upstream = Upstream()
    async with RawUpstream(upstream) as server, house(place(server)) as it:
        asking = asyncio.create_task(it.ask(stream=True))
        await upstream.asked.wait()
        waiting = metered_at(it, 0)
        assert (waiting.outcome, waiting.usage, waiting.billing_rule) == ("lost", None, "no_answer")
        assert waiting.at_fault == "turnout"
        metered_at(it, 0)
        assert it.book.metered == [waiting]  # nothing has changed
        upstream.say(SSE_HEAD + WORDS)
        reply = await asking
        begun = metered_at(it, 0)
        assert begun.usage == Usage(input=0, output=2, source="interrupted")
        assert (begun.billing_rule, begun.cost) == ("until_cancel", PRICE.cost(begun.usage))
        upstream.say(END, None)
        await reply.read_all()
        assert it.book.outcomes == ["ok"]


async def test_the_pauses_between_grow_to_a_second() -> None:
    upstream = Upstream()
    async with RawUpstream(upstream) as server, house(place(server)) as it:
        upstream.say(SSE_HEAD + WORDS)
        reply = await it.ask(stream=True)
        await reply.read()  # what it began with
        times = []
        for tenths in range(30):
            before = len(it.book.metered)
            metered_at(it, tenths / 10 + tenths / 1000)
            times += [tenths] * (len(it.book.metered) - before)
            upstream.say(WORD)
            await reply.read()
        upstream.say(END, None)
        await reply.read_all()
        assert times == [0, 1, 3, 7, 15, 25]


async def test_a_report_is_metered_as_it_is() -> None:
    upstream = Upstream()
    async with RawUpstream(upstream) as server, house(place(server)) as it:
        upstream.say(SSE_HEAD + WORDS)
        reply = await it.ask(stream=True)
        upstream.say(END)
        while reply.usage is None:
            await reply.read()
        told = metered_at(it, 0)
        assert (told.usage, told.billing_rule) == (reply.usage, "report")
        upstream.say(None)
        await reply.read_all()
