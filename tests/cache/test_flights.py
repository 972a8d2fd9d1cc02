"""Of many same questions at one moment one is asked, and whoever asks it can't take the others along."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.cache.served import Served, new_model, until
from tests.simulator.raw import Reply as RawReply


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_200_same_questions_are_one_attempt(served: Served, stream: bool) -> None:
    model = new_model("openai", "slow-first-300")
    replies = await asyncio.gather(*[served.chat(model, "Hello?", stream=stream) for _ in range(200)])
    assert {reply.body for reply in replies} == {replies[0].body}
    assert replies[0].status == 200
    assert await served.attempts(model) == 1


async def _asked(served: Served, model: str, number: int) -> None:
    async def seen() -> bool:
        return await served.attempts(model) >= number

    await until(seen)


async def _wait_all(asking: list[asyncio.Task[RawReply]]) -> list[RawReply]:
    return list(await asyncio.gather(*asking))


async def test_a_leader_that_leaves_lets_the_next_one_lead(served: Served) -> None:
    model = new_model("openai", "slow-first-400")
    leading = asyncio.create_task(served.chat(model, "Hello?", stream=True))
    await _asked(served, model, 1)
    waiting = [asyncio.create_task(served.chat(model, "Hello?", stream=True)) for _ in range(20)]
    await asyncio.sleep(0.1)  # they have arrived
    leading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leading
    replies = await _wait_all(waiting)
    assert {reply.status for reply in replies} == {200}
    assert await served.attempts(model) == 2


async def test_a_leader_that_fails_lets_the_next_one_lead(served: Served) -> None:
    model = new_model("openai", "slow-headers-300-status-500-times-1")
    replies = await asyncio.gather(*[served.chat(model, "Hello?") for _ in range(20)])
    assert sorted(reply.status for reply in replies) == [200] * 19 + [500]
    assert await served.attempts(model) == 2


async def test_nobody_waits_for_more_than_three_that_fail(served: Served) -> None:
    model = new_model("openai", "slow-headers-100-status-500")
    async with asyncio.timeout(5):  # one after the other they would take 20 x 0.1 s, and then as much again
        replies = await asyncio.gather(*[served.chat(model, "Hello?") for _ in range(20)])
    assert {reply.status for reply in replies} == {500}
    assert await served.attempts(model) == 20


async def test_a_client_waits_no_longer_than_it_says(served: Served) -> None:
    model = new_model("openai", "slow-first-2000")
    leading = asyncio.create_task(served.chat(model, "Hello?", stream=True))
    await _asked(served, model, 1)
    began = asyncio.get_running_loop().time()
    reply = await served.chat(model, "Hello?", stream=True, headers={"x-turnout-timeout": "0.3"})
    assert reply.status == 504
    assert asyncio.get_running_loop().time() - began < 1.5
    assert (await leading).status == 200
