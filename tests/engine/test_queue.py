"""Turns at a deployment with a limit: how many run, who is next, and who is sent away."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from msgspec import structs

from tests.engine.support import ORIGIN, house, place, timeouts
from tests.support.openai_wire import choice, completion
from tests.support.raw_upstream import RawUpstream, Visit, ok, replying
from turnout.core import ChatRequest, Deployment, Key, Message, Text
from turnout.engine import Call
from turnout.engine.queue import Queues
from turnout.errors import DeploymentFull
from turnout.routing import Board

HELLO = ok(completion(choice(content="Hello")))
ONE_AT_ONCE = Deployment(id="d", provider="echo", model="m", concurrency=1, queue=10)


def call(key: str, session: str = "", tier: str = "") -> Call:
    request = ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),))
    owner = Key(id=key, digest=b"", tier=tier)
    return Call(request=request, request_id="r", received=0.0, origin=ORIGIN, key=owner, session=session)


class Turns:
    """Who had a turn, in order."""

    def __init__(self, deployment: Deployment = ONE_AT_ONCE) -> None:
        self.board = Board()
        self.taken: list[str] = []
        self._queues = Queues(self.board)
        self._deployment = deployment

    async def take(self, name: str, **fields: Any) -> None:
        queue = await self._queues.enter(self._deployment, call(**{"key": name[0], **fields}), 5)
        self.taken.append(name)
        await asyncio.sleep(0)
        queue.leave()


async def test_turns_go_from_key_to_key() -> None:
    turns = Turns()
    await asyncio.gather(*[turns.take(name) for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2")])
    assert turns.taken == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_premium_sessions_come_first_among_a_keys_own() -> None:
    turns = Turns()
    premium = {"session": "premium-7", "tier": "premium"}
    await asyncio.gather(turns.take("a1"), turns.take("a2"), turns.take("b1"), turns.take("a3", **premium))
    assert turns.taken == ["a1", "a3", "b1", "a2"]


async def test_who_leaves_gives_its_place_up() -> None:
    turns = Turns()
    queues = Queues(turns.board)
    held = await queues.enter(ONE_AT_ONCE, call("a"), 5)
    gone = asyncio.create_task(queues.enter(ONE_AT_ONCE, call("b"), 5))
    stays = asyncio.create_task(queues.enter(ONE_AT_ONCE, call("c"), 5))
    await asyncio.sleep(0)
    assert turns.board.of(ONE_AT_ONCE).queued == 2
    gone.cancel()
    await asyncio.wait([gone])
    assert turns.board.of(ONE_AT_ONCE).queued == 1
    held.leave()
    assert await stays is held
    assert (held.running, held.waiting) == (1, 0)


async def test_a_turn_that_comes_as_its_request_leaves_goes_to_the_next() -> None:
    queues = Queues(Board())
    held = await queues.enter(ONE_AT_ONCE, call("a"), 5)
    leaving = asyncio.create_task(queues.enter(ONE_AT_ONCE, call("b"), 5))
    await asyncio.sleep(0)
    held.leave()
    leaving.cancel()
    await asyncio.wait([leaving])
    assert (held.running, held.waiting) == (0, 0)


@pytest.mark.parametrize(("room", "seconds", "why"), [(0, 5.0, "1 requests run there"), (1, 0.01, "timeouts.queue")])
async def test_no_turn(room: int, seconds: float, why: str) -> None:
    queues, deployment = Queues(Board()), structs.replace(ONE_AT_ONCE, queue=room)
    await queues.enter(deployment, call("a"), 5)
    with pytest.raises(DeploymentFull, match=why) as caught:
        await queues.enter(deployment, call("b"), seconds)
    assert (caught.value.status, caught.value.retry_after) == (503, 1)


async def test_attempts_wait_for_their_turn_and_the_rest_is_sent_away() -> None:
    running = most = 0

    async def slowly(visit: Visit) -> None:
        nonlocal running, most
        while await visit.request():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1
            await visit.send(HELLO)

    async with RawUpstream(slowly) as server, house(place(server, concurrency=2, queue=3)) as it:

        async def ask() -> str:
            try:
                await (await it.ask()).read_all()
            except DeploymentFull:
                return "full"
            return "answered"

        results = await asyncio.gather(*[ask() for _ in range(8)])
        assert (results.count("answered"), results.count("full"), most) == (5, 3, 2)


async def test_another_deployment_with_room_is_asked_before_anybody_waits() -> None:
    silent, first = timeouts(first_byte=2), asyncio.Event()

    async def says_nothing(visit: Visit) -> None:
        await visit.request()
        first.set()
        await visit.request()

    async with (
        RawUpstream(says_nothing) as one,
        RawUpstream(replying(HELLO)) as two,
        house(place(one, concurrency=1, timeouts=silent), place(two, "two", concurrency=1)) as it,
    ):
        waiting = asyncio.create_task(it.ask())
        await first.wait()
        began = time.perf_counter()
        reply = await it.ask()
        await reply.read_all()
        assert (reply.deployment.id, time.perf_counter() - began < 1) == ("two", True)
        waiting.cancel()
        await asyncio.wait([waiting])
