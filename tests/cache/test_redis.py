"""Kept in Redis: shared by hosts, and a miss when it is slow or dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import pytest

from tests.cache.served import Served, config, new_model, until
from tests.support.redis_server import RedisServer
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout
from turnout.cache import Labels, Purge, RedisStore

KEYS = [bytes([number]) * 32 for number in range(3)]


@pytest.fixture
def own_redis(redis_program: str) -> Iterator[RedisServer]:
    """One that a test may kill."""
    server = RedisServer(redis_program)
    yield server
    server.go_on()
    server.remove()


async def test_it_keeps_finds_forgets_and_purges(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url, deadline=5)
    await store.connect()
    await store.purge(Purge())
    await store.put(KEYS[0], b"a", Labels("fast", "alice", ("night", "day")), 60)
    await store.put(KEYS[1], b"b", Labels("slow", "bob"), 60)
    await store.put(KEYS[2], b"c", Labels("slow", "bob"), 0.05)
    assert await store.get(KEYS[:1]) == [b"a"]
    await asyncio.sleep(0.1)
    assert await store.get(KEYS) == [b"a", b"b", None]
    assert await store.purge(Purge(tag="day", model="slow")) == 0
    assert await store.purge(Purge(tag="day")) == 1
    assert await store.get(KEYS[:2]) == [None, b"b"]
    assert await store.purge(Purge()) == 1
    await store.close()


async def test_a_slow_one_is_a_miss_and_is_asked_again_when_it_answers(own_redis: RedisServer) -> None:
    store = RedisStore(own_redis.url, deadline=0.05)
    await store.connect()
    await store.put(KEYS[0], b"a", Labels("m", "k"), 60)
    own_redis.pause()
    for _ in range(3):
        assert await store.get(KEYS[:1]) == [None]
    assert store.error is not None
    began = time.perf_counter()
    for _ in range(100):
        assert await store.get(KEYS[:1]) == [None]
    assert time.perf_counter() - began < 0.05, "nobody waits for it any more"
    own_redis.go_on()

    async def healed() -> bool:
        return store.error is None

    await until(healed)
    assert await store.get(KEYS[:1]) == [b"a"]
    await store.close()


async def test_a_reply_that_comes_late_goes_to_nobody_else(own_redis: RedisServer) -> None:
    store = RedisStore(own_redis.url, deadline=0.05)
    await store.connect()
    for key in KEYS:
        await store.put(key, key, Labels("m", "k"), 60)
    own_redis.pause()
    assert await store.get(KEYS[:1]) == [None]
    own_redis.go_on()
    for _ in range(20):
        assert await store.get([KEYS[1]]) in ([KEYS[1]], [None])
        assert await store.get([KEYS[2], KEYS[1]]) in ([KEYS[2], KEYS[1]], [None, None])
    await store.close()


async def test_two_servers_share_it_and_live_without_it(
    own_redis: RedisServer, simulator: Simulator, start_turnout: StartTurnout
) -> None:
    env = {"REDIS_URL": own_redis.url}
    one, other = [Served(start_turnout(config(simulator), env=env), simulator) for _ in range(2)]
    model = new_model("openai")

    async def asked(served: Served) -> str:
        reply = await served.chat(model, "Hello?")
        assert reply.status == 200
        return reply.headers["x-turnout-cache"]

    async def found(served: Served) -> bool:
        return await asked(served) == "HIT"

    for served in (one, other):
        await until(partial(found, served))  # a busy machine may take longer than a few milliseconds
    told = (await one.get("/v1/cache")).json
    assert (told["store"], told["entries"], told["error"]) == ("redis", None, None)
    own_redis.pause()
    statuses = [await asked(other) for _ in range(5)]
    assert statuses == ["MISS"] * 5
    assert (await other.get("/health")).json["parts"]["cache"]["ok"] is False


async def test_a_redis_that_is_not_there_stops_nobody(simulator: Simulator, start_turnout: StartTurnout) -> None:
    env = {"REDIS_URL": "redis://127.0.0.1:9"}
    served = Served(start_turnout(config(simulator), env=env), simulator)
    reply = await served.chat(new_model("openai"), "Hello?")
    assert (reply.status, reply.headers["x-turnout-cache"]) == (200, "MISS")
    purged = await served.get("/v1/cache", method="DELETE")
    assert (purged.status, "can't be purged" in purged.json["error"]["message"]) == (503, True)
