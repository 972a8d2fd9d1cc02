"""A second attempt beside one that is late: who gets one, who wins, and what becomes of the loser."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.engine.support import House, house, place, timeouts
from tests.support.openai_wire import DONE, USAGE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Script, Visit, replying
from turnout.core import ChatRequest, Message, Text, fold
from turnout.engine import hedging
from turnout.errors import AllDeploymentsFailed
from turnout.routing import Ending

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
ANSWER = sse(chunk(delta(content="Hello")), chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE
REQUEST = ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), stream=True)
REFUSAL = b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"


def after(seconds: float, reply: bytes = HEAD + ANSWER, asked: asyncio.Event | None = None) -> Script:
    async def script(visit: Visit) -> None:
        while await visit.request():
            if asked is not None:
                asked.set()
            await asyncio.sleep(seconds)
            await visit.send(reply)
            visit.close()

    return script


def used_to(it: House, seconds: float = 0.05, answers: int = 20) -> None:
    """Each deployment has given so many answers, each after ``seconds``."""
    it.change_model(hedge=True)
    for deployment in it.catalog.find("fast").deployments:
        for _ in range(answers):
            it.board.began(deployment)
            it.board.ended(deployment, Ending(outcome="ok", total=seconds, first_token=seconds))
    for _ in range(round(1 / hedging.MOST_EXTRA)):  # saves up for one
        it.engine._hedging.save()


async def asked(it: House) -> Any:
    reply = await it.ask(REQUEST)
    assert fold(await reply.read_all()).choices[0].parts == (Text("Hello"),)
    return reply


async def test_the_answer_that_begins_first_is_the_clients() -> None:
    async with (
        RawUpstream(after(3)) as slow,
        RawUpstream(after(0)) as quick,
        house(place(slow), place(quick, "two")) as it,
    ):
        used_to(it)
        began = time.perf_counter()
        reply = await asked(it)
        assert time.perf_counter() - began < 1
        assert reply.deployment.id == "two"
        assert it.book.outcomes == ["outrun", "ok"]
        assert it.book.ends[0].billing_rule == "no_answer", "the loser had not begun to answer"


async def test_the_first_one_may_still_win() -> None:
    async with (
        RawUpstream(after(0.15)) as first,
        RawUpstream(after(3)) as second,
        house(place(first), place(second, "two")) as it,
    ):
        used_to(it)
        assert (await asked(it)).deployment.id == "one"
        assert sorted(it.book.outcomes) == ["ok", "outrun"]


async def test_who_is_in_time_gets_no_second_attempt() -> None:
    async with RawUpstream(after(0)) as one, RawUpstream(after(0)) as two, house(place(one), place(two, "two")) as it:
        used_to(it, seconds=0.5)
        await asked(it)
        assert two.requests == []


@pytest.mark.parametrize("lacks", ["answers", "budget", "leave"])
async def test_nobody_gets_one_without(lacks: str) -> None:
    async with (
        RawUpstream(after(0.2)) as one,
        RawUpstream(after(0)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        used_to(it, answers=19 if lacks == "answers" else 20)
        if lacks == "budget":
            it.engine._hedging._allowed = 0.5
        if lacks == "leave":
            it.change_model(hedge=False)
        await asked(it)
        assert two.requests == []


async def test_both_may_fail() -> None:
    async with (
        RawUpstream(after(0.2, REFUSAL)) as one,
        RawUpstream(replying(REFUSAL)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        used_to(it)
        with pytest.raises(AllDeploymentsFailed):
            await it.ask(REQUEST)
        assert it.book.outcomes == ["failed", "failed"]


async def test_a_client_that_leaves_ends_both() -> None:
    patient, second = timeouts(first_token=5), asyncio.Event()
    async with (
        RawUpstream(after(5)) as one,
        RawUpstream(after(5, asked=second)) as two,
        house(place(one, timeouts=patient), place(two, "two", timeouts=patient)) as it,
    ):
        used_to(it)
        asking = asyncio.create_task(it.ask(REQUEST))
        await second.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert it.book.outcomes == ["client_gone", "client_gone"]


async def test_at_most_one_in_twenty_requests_gets_a_second_attempt() -> None:
    """However many of them are late at the same time."""
    late, requests = 0.1, 60
    async with (
        RawUpstream(after(late)) as one,
        RawUpstream(after(10)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        used_to(it, seconds=late / 10)
        it.engine._hedging._allowed = 0.0
        await asyncio.gather(*[asked(it) for _ in range(requests)])
        assert 1 <= len(two.requests) <= requests * hedging.MOST_EXTRA


async def test_a_question_for_the_delay_saves_nothing_up() -> None:
    async with RawUpstream(after(0)) as one, house(place(one)) as it:
        used_to(it)
        (deployment,) = it.catalog.find("fast").deployments
        it.engine._hedging._allowed = 0.5
        assert {it.engine._hedging.delay(deployment) for _ in range(100)} == {None}
