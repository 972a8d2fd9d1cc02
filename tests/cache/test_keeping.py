"""The ways past a cache, without a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from turnout.cache import ExactCache, MemoryStore, Purge
from turnout.core import ChatRequest, Delta, Finish, Key, Message, Model, Origin, PartStart, Start, StreamEvent, Text
from turnout.engine import Call, CollectedReply
from turnout.routing import Plan
from turnout.steps.keeping import AnswerKeeping, Keeper
from turnout.steps.keeping_vectors import shares
from turnout.telemetry import Metrics
from turnout.worker_threads import WorkerThreads

KEY = b"k" * 32
MODEL = Model(name="m", deployments=())


class FakeReply:
    """What is asked of an answer that is kept."""

    class deployment:  # noqa: N801  # it stands for an attribute
        id, provider, model = "d", "p", "u"

    plan = Plan("m", ())
    cost = 7

    def dropped(self) -> list[str]:
        return []


def answer(reason: str = "stop") -> list[StreamEvent]:
    return [Start("1"), PartStart(0, Text("")), Delta(0, "Hi"), Finish(cast(Any, reason), reason)]


class Place:
    def __init__(self) -> None:
        self.cache = ExactCache(MemoryStore(1_000_000), 60, "all")
        self.threads = WorkerThreads()

    def keeping(self) -> AnswerKeeping:
        request = ChatRequest("m", (Message("user", (Text("hi"),)),))
        call = Call(
            request=request,
            request_id="r",
            received=time.perf_counter(),
            origin=Origin(dialect="library"),
            key=Key(id="k", digest=b""),
        )
        return AnswerKeeping(Keeper(self.cache, Metrics(), self.threads, MODEL, call), KEY, None)

    async def kept(self) -> bool:
        found = self.cache.find([KEY], None)
        assert isinstance(found, list)
        return found[0] is not None


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    await made.cache.close()
    made.threads.close()


REPLY = cast(CollectedReply, FakeReply())


async def test_who_waits_gets_the_answer(place: Place) -> None:
    first, second = place.keeping(), place.keeping()
    assert await first.find(1) is None
    waiting = asyncio.create_task(second.find(5))
    await asyncio.sleep(0)
    first.keep(REPLY, answer())
    first.leave()  # the end of the request
    kept = await waiting
    assert kept is not None
    assert (second.status, kept.saved, kept.deployment) == ("HIT", 7, "d")
    assert await place.kept()


async def test_an_answer_that_is_not_kept_holds_nobody_up(place: Place) -> None:
    first, *others = [place.keeping() for _ in range(4)]
    assert await first.find(1) is None
    waiting = [asyncio.create_task(other.find(5)) for other in others]
    await asyncio.sleep(0)
    first.keep(REPLY, answer("content_filter"))
    assert await asyncio.gather(*waiting) == [None, None, None], "they ask at once, and not one after the other"
    assert not await place.kept()


async def test_what_was_asked_before_a_purge_is_not_kept_after_it(place: Place) -> None:
    first, second = place.keeping(), place.keeping()
    assert await first.find(1) is None
    waiting = asyncio.create_task(second.find(5))
    await asyncio.sleep(0)
    await place.cache.purge(Purge())
    first.keep(REPLY, answer())
    assert await waiting is None
    assert not await place.kept()


@pytest.mark.parametrize(("total", "weights"), [(0, [1]), (7, [1, 1, 1]), (100, [3, 0, 4]), (1, [5, 5])])
def test_shares_are_the_whole(total: int, weights: list[int]) -> None:
    parts = shares(total, weights)
    assert (sum(parts), len(parts)) == (total, len(weights))
    assert min(parts) >= 0
