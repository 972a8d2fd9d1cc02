"""The store of limits and budgets is killed, stopped and started again under a running server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.raw import Reply, ask
from tests.support.redis_server import RedisServer
from tests.support.turnout_server import TurnoutServer, turnouts

LONGEST = 2.0
"""Seconds that a request may take on a busy machine: three deadlines of 100 ms, and then none."""
LIMITED, SPENDING = "tk-limited-SECRET", "tk-spending-SECRET"
CONFIG = {
    "discovery": False,
    "models": {"fast": {"deployments": [{"provider": "echo", "model": "echo", "price": {"input": 1, "output": 1}}]}},
    "keys": [
        {"key": LIMITED, "name": "limited", "limits": "1000/minute"},
        {"key": SPENDING, "name": "spending", "budget_usd": 1},
    ],
}


@pytest.fixture
def redis(redis_program: str) -> Iterator[RedisServer]:
    server = RedisServer(redis_program)
    yield server
    server.remove()


@pytest.fixture
def server(redis: RedisServer, tmp_path: Path) -> Iterator[TurnoutServer]:
    with turnouts(tmp_path) as start:
        yield start(CONFIG, env={"REDIS_URL": redis.url})


async def timed(server: TurnoutServer, key: str) -> tuple[Reply, float]:
    body = {"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    began = time.monotonic()
    reply = await ask(f"{server.url}/v1/chat/completions", body, headers)
    return reply, time.monotonic() - began


async def asked(server: TurnoutServer, key: str, number: int = 40) -> Counter[int]:
    answers = await asyncio.gather(*(timed(server, key) for _ in range(number)))
    assert max(seconds for _, seconds in answers) < LONGEST
    return Counter(reply.status for reply, _ in answers)


async def health_of(server: TurnoutServer) -> dict[str, Any]:
    reply = await ask(f"{server.url}/health", None, {"authorization": f"Bearer {LIMITED}"}, method="GET")
    part: dict[str, Any] = reply.json["parts"]["allowances"]
    return part


async def until_it_counts(server: TurnoutServer) -> None:
    async with asyncio.timeout(20):
        while not (await health_of(server))["ok"]:  # noqa: ASYNC110  # it is another process
            await asyncio.sleep(0.05)


async def until_nothing_is_in_hand(server: TurnoutServer) -> None:
    """What was drawn ahead is spent first. It is given up when nobody uses it for a second."""
    async with asyncio.timeout(20):
        while (await timed(server, SPENDING))[0].status != 503:  # noqa: ASYNC110  # it is another process
            await asyncio.sleep(1.2)


@pytest.mark.parametrize("dies", [False, True], ids=["stopped", "killed"])
async def test_no_request_waits_for_a_dead_store(server: TurnoutServer, redis: RedisServer, dies: bool) -> None:
    """Limits are open then, and budgets are closed. Nobody has to start anything again."""
    assert await asked(server, LIMITED) == await asked(server, SPENDING) == {200: 40}
    (redis.kill if dies else redis.pause)()
    assert await asked(server, LIMITED) == {200: 40}
    assert set(await asked(server, SPENDING)) <= {200, 503}
    await until_nothing_is_in_hand(server)
    assert await asked(server, SPENDING) == {503: 40}
    assert (await health_of(server))["store"]
    (redis.start if dies else redis.go_on)()
    await until_it_counts(server)
    assert await asked(server, SPENDING) == await asked(server, LIMITED) == {200: 40}
    assert server.log().count("The store of limits and budgets does not work") == 1
    assert server.log().count("The store of limits and budgets works again") == 1
