"""A deployment with one place: who waits, who is sent away at once, and what becomes of those who leave."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from tests.faults.load import NEVER, QUEUE_SECONDS, QUEUED, WORDS, place_at
from tests.faults.received import Received, received, request
from tests.faults.stage import PROMPT, Stage
from tests.faults.table import named
from tests.simulator.raw import Reply, ask, send

SOON = 2.0
"""Seconds that a refusal may take on a busy machine. Whoever waited in place of it would wait for a minute."""


class Visitor:
    """A client that waits for its answer until the test has it ``leave``."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def leave(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def _visit(load: Stage, name: str, prompt: str) -> Visitor:
    path, body = _request(name, prompt)
    _, writer = await send(load.turnout.url + path, body)
    return Visitor(writer)


async def _hold(load: Stage, name: str) -> Visitor:
    """A client of an answer that never comes: it holds the place."""
    await load.forget_attempts()
    visitor = await _visit(load, name, f"{PROMPT} [[sim@{place_at(name)} slow-first-{NEVER}]]")
    await load.until(lambda attempts: place_at(name) in attempts)
    return visitor


def _request(name: str, prompt: str = PROMPT) -> tuple[str, dict[str, object]]:
    return request(_dialect(name), name, prompt, stream=_is_streamed(name))


async def _reply(load: Stage, name: str) -> Reply:
    path, body = _request(name)
    return await ask(load.turnout.url + path, body)


def _read(name: str, reply: Reply) -> Received:
    return received(_dialect(name), reply, stream=_is_streamed(name))


def _dialect(name: str) -> str:
    return name.partition("-")[0] if name in QUEUED else "chat"


def _is_streamed(name: str) -> bool:
    return not name.endswith("-unary")


async def _waiting(load: Stage, name: str, number: int) -> None:
    """Until so many wait for the place."""
    explained = {"model": name, "messages": [{"role": "user", "content": PROMPT}]}

    async def queued() -> int:
        told = (await ask(f"{load.turnout.url}/v1/route/explain", explained)).json
        return int(told["candidates"][0]["figures"]["queued"])

    for _ in range(1000):
        if await queued() == number:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {number} in the queue")


@pytest.mark.parametrize("name", named((name, name) for name in QUEUED))
async def test_one_waits_and_the_next_is_refused(load: Stage, name: str) -> None:
    holds = await _hold(load, name)
    waits = await _visit(load, name, PROMPT)
    await _waiting(load, name, 1)

    began = time.monotonic()
    refused = await _reply(load, name)
    assert time.monotonic() - began < SOON
    got = _read(name, refused)
    assert (got.status, int(refused.headers["retry-after"])) == (503, 1)
    assert "at its limit" in got.error
    assert got.misformed == []

    await waits.leave()
    await _waiting(load, name, 0)
    next_one = asyncio.create_task(_reply(load, name))
    await _waiting(load, name, 1)
    await holds.leave()
    for reply in (await next_one, await _reply(load, name)):  # and a healthy call right after
        got = _read(name, reply)
        assert (got.text, got.finished, got.misformed) == (WORDS, True, [])
        assert [row["outcome"] for row in await load.ledger(got.request_id)] == ["ok"]
    attempts = (await load.ended_attempts())[place_at(name)]
    assert [attempt["outcome"] for attempt in attempts] == ["client_left", "completed", "completed"]


async def test_who_waits_too_long_is_told(load: Stage) -> None:
    holds = await _hold(load, "impatient")
    began = time.monotonic()
    got = _read("impatient", await _reply(load, "impatient"))
    assert QUEUE_SECONDS <= time.monotonic() - began < QUEUE_SECONDS + SOON
    assert got.status == 503
    assert "timeouts.queue" in got.error
    await holds.leave()
    assert _read("impatient", await _reply(load, "impatient")).text == WORDS


async def test_where_one_is_full_another_with_room_answers(load: Stage) -> None:
    holds = await _hold(load, "with-a-spare")
    got = _read("with-a-spare", await _reply(load, "with-a-spare"))
    assert (got.text, got.finished) == (WORDS, True)
    await holds.leave()


async def test_each_has_its_turn_when_the_one_before_has_ended(load: Stage) -> None:
    await load.forget_attempts()
    replies = await asyncio.gather(*(_reply(load, "long") for _ in range(12)))
    assert [_read("long", reply).text for reply in replies] == [WORDS] * 12
    attempts = sorted((await load.ended_attempts())[place_at("long")], key=lambda attempt: float(attempt["started"]))
    assert len(attempts) == 12
    assert all(one["ended"] <= other["started"] + 0.05 for one, other in pairwise(attempts)), "two at once"
