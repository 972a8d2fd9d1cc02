"""Work in worker threads is bounded, and does not start when its caller was cancelled before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from turnout import worker_threads
from turnout.errors import InvalidRequest, Overloaded
from turnout.worker_threads import WorkerThreads


@pytest.fixture
def threads() -> Iterator[WorkerThreads]:
    workers = WorkerThreads()
    yield workers
    workers.close()


class Work:
    """Runs until ``may_end`` is set."""

    def __init__(self) -> None:
        self.starts = 0
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.starts += 1
        self.may_end.wait(10)
        return threading.current_thread().name


async def test_only_large_work_runs_in_a_thread(threads: WorkerThreads) -> None:
    def thread_name() -> str:
        return threading.current_thread().name

    assert (await threads.run_if(True, thread_name)).startswith("turnout-worker-thread")
    assert await threads.run_if(False, thread_name) == threading.current_thread().name


async def test_the_caller_gets_an_error_that_the_work_raises(threads: WorkerThreads) -> None:
    def refuse() -> None:
        raise InvalidRequest("No.")

    with pytest.raises(InvalidRequest, match="No"):
        await threads.enter(refuse)


async def test_too_many_requests_are_refused_until_others_are_done(
    threads: WorkerThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_threads, "_MOST_WAITING", 3)
    work = Work()
    entered = [asyncio.create_task(threads.enter(work)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="3 large requests are waiting"):
        await threads.enter(work)
    work.may_end.set()
    await asyncio.gather(*entered)
    assert (await threads.enter(work)).startswith("turnout-worker-thread")


async def test_work_of_a_cancelled_caller_does_not_start(threads: WorkerThreads) -> None:
    work, cancelled_work = Work(), Work()
    busy = [asyncio.create_task(threads.run(work)) for _ in range(2)]
    cancelled_task = asyncio.create_task(threads.enter(cancelled_work))
    await asyncio.sleep(0)
    cancelled_task.cancel()
    await asyncio.wait([cancelled_task])
    work.may_end.set()
    await asyncio.gather(*busy)
    await threads.run(threading.get_ident)
    assert cancelled_work.starts == 0
