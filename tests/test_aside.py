"""Work in threads beside the loop is bounded, and isn't started once its caller was cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from turnout import aside
from turnout.aside import Aside
from turnout.errors import InvalidRequest, Overloaded


@pytest.fixture
def beside() -> Iterator[Aside]:
    threads = Aside()
    yield threads
    threads.close()


class Work:
    """Runs until ``may_end`` is set."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.begun += 1
        self.may_end.wait(10)
        return threading.current_thread().name


async def test_it_is_done_in_a_thread_only_where_it_is_large(beside: Aside) -> None:
    def thread_name() -> str:
        return threading.current_thread().name

    assert (await beside.run_if(True, thread_name)).startswith("turnout-aside")
    assert await beside.run_if(False, thread_name) == threading.current_thread().name


async def test_what_is_raised_there_is_raised_here(beside: Aside) -> None:
    def refuse() -> None:
        raise InvalidRequest("No.")

    with pytest.raises(InvalidRequest, match="No"):
        await beside.enter(refuse)


async def test_too_many_are_turned_away_until_others_are_done(beside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "_MOST_WAITING", 3)
    work = Work()
    entered = [asyncio.create_task(beside.enter(work)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="3 large requests are waiting"):
        await beside.enter(work)
    work.may_end.set()
    await asyncio.gather(*entered)
    assert (await beside.enter(work)).startswith("turnout-aside")


async def test_what_nobody_waits_for_is_not_begun(beside: Aside) -> None:
    work, unwanted = Work(), Work()
    busy = [asyncio.create_task(beside.run(work)) for _ in range(2)]
    left = asyncio.create_task(beside.enter(unwanted))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    work.may_end.set()
    await asyncio.gather(*busy)
    await beside.run(threading.get_ident)
    assert unwanted.begun == 0
