"""Attempts to record, a database in memory, and writers in other processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt, Outcome, Usage
from turnout.errors import StorageUnavailable
from turnout.ledger import Ledger
from turnout.ledger.journal import Journal
from turnout.ledger.store import LazyStore, Store
from turnout.storage import LazyDatabase

PATIENCE = 20.0  # seconds, for what takes milliseconds on a machine that isn't busy


def start(request_id: str, number: int = 1, **changes: Any) -> AttemptStart:
    fields: dict[str, Any] = {
        "attempt_id": f"{request_id}-{number}",
        "request_id": request_id,
        "number": number,
        "started": time.time_ns() // 1000,
        "dialect": "openai_chat",
        "key_id": "key_1",
        "user": "alice",
        "model": "fast",
        "deployment": "fast/openai/0",
        "provider": "openai",
        "upstream_model": "gpt-4o-mini",
        "stream": True,
    }
    return AttemptStart(**(fields | changes))


def end(request_id: str, number: int = 1, outcome: Outcome = "ok", **changes: Any) -> AttemptEnd:
    fields: dict[str, Any] = {
        "attempt_id": f"{request_id}-{number}",
        "outcome": outcome,
        "status": 200,
        "queue": 12,
        "first_token": 152_340,
        "total": 1_523_400,
        "usage": Usage(input=1203, output=402, cached_input=1024, cache_write=5, reasoning=12),
        "cost": 421_650_000,
        "price_version": "book-7",
        "finish": "stop",
    }
    return AttemptEnd(**(fields | changes))


def outcome_of(attempt: EndedAttempt) -> str:
    return "lost" if attempt.end is None else attempt.end.outcome


class MemoryStore:
    """Keeps the settled attempts in a dict, by id. With ``fails`` it is a database that doesn't work.

    ``meanwhile`` is called once, during an insert.
    """

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] | None = None
        self.attempts: dict[str, EndedAttempt] = {}
        self.largest_batch = 0
        self.fails = False

    async def insert(self, attempts: Sequence[EndedAttempt]) -> int:
        if self.fails:
            raise StorageUnavailable("The database can't be used: out of order.")
        if self.meanwhile is not None:
            action, self.meanwhile = self.meanwhile, None
            action()
        self.largest_batch = max(self.largest_batch, len(attempts))
        new = {attempt.start.attempt_id: attempt for attempt in attempts}
        known = len(self.attempts)
        self.attempts = new | self.attempts
        return len(self.attempts) - known

    async def of_request(self, request_id: str) -> list[EndedAttempt]:
        return [attempt for attempt in self.attempts.values() if attempt.start.request_id == request_id]

    def outcomes(self) -> dict[str, str]:
        """By attempt."""
        return {name: outcome_of(attempt) for name, attempt in self.attempts.items()}

    async def close(self) -> None:
        pass


class InMemory(LazyStore):
    """A ``LazyStore`` whose database is a ``MemoryStore``."""

    def __init__(self) -> None:
        self.memory = MemoryStore()

    async def ready(self) -> Store:
        return self.memory


def leave_behind(journal: Journal, root: Path) -> Path:
    """Copies the journal's folder into ``root``, without its lock: as a process that died would leave it."""
    folder = journal.unsettled[0].path.parent
    return Path(shutil.copytree(folder, root / folder.name))


async def until(condition: Callable[[], bool]) -> None:
    """Waits until the condition is true. Fails after ``PATIENCE``."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # another process may make it true, so there is no event to wait for
            await asyncio.sleep(0.005)


def outcomes(data_dir: Path) -> dict[str, str]:
    """The outcome of each attempt in the database."""
    with sqlite3.connect(data_dir / "turnout.db") as connection:
        return dict(connection.execute("SELECT attempt_id, outcome FROM attempts"))


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["turnout.storage.attempts", __name__])


def process(work: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Starts a process that does ``work``. Its modules are loaded already, so it begins within milliseconds."""
    started = _context.Process(target=work, args=arguments, daemon=True)
    started.start()
    return started


def write_and_close(data_dir: Path, name: str, requests: int, address: str | None = None) -> None:
    """A worker that records that many requests and ends as it should."""

    async def work() -> None:
        ledger = await Ledger.open(data_dir, LazyDatabase(data_dir, address))
        for number in range(requests):
            ledger.begin(start(f"{name}-{number}"))
            ledger.end(end(f"{name}-{number}"))
            if number % 50 == 0:
                await asyncio.sleep(0.001)
        await ledger.close()

    asyncio.run(work())


def write_until_killed(data_dir: Path, name: str, report: Path) -> None:
    """A worker that records attempts until it is killed, and writes into the file ``report`` what it has done.

    Every third attempt is left under way for a while, every hundredth for good.
    """

    async def work() -> None:
        ledger = await Ledger.open(data_dir)
        ledger._journal._segment_bytes = 20_000  # so that files come and go all the time
        report_fd = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        waiting: list[str] = []
        number = 0
        while True:
            request_id = f"{name}-{number}"
            ledger.begin(start(request_id))
            os.write(report_fd, f"+{request_id}-1\n".encode())
            if number % 100:
                waiting.append(request_id)
            if number % 3:
                request_id = waiting.pop(0)
                ledger.end(end(request_id))
                os.write(report_fd, f"={request_id}-1\n".encode())
            number += 1
            if number % 20 == 0:
                await asyncio.sleep(0.001)

    asyncio.run(work())


def record_many(data_dir: Path, report: Path, requests: int) -> None:
    """A worker that reports its memory after a tenth of the requests, and after all of them."""

    async def work() -> None:
        ledger = await Ledger.open(data_dir)
        with suppress(StorageUnavailable):
            await ledger.request("warm up")  # what makes the tables takes 8 MB once
        for number in range(requests + 1):
            ledger.begin(start(f"r{number}"))
            ledger.end(end(f"r{number}"))
            if number % 200 == 0:
                await asyncio.sleep(0.001)
            if number == requests // 10:  # the first whole batch takes 8 MB, which later ones use again
                await until(lambda: ledger.state().settled > 5000 or ledger.state().database is not None)
            if number in (requests // 10, requests):
                os.write(report_fd, f"{resident()}\n".encode())
        os._exit(0)  # a failing database would only keep it from closing

    report_fd = os.open(report, os.O_WRONLY | os.O_CREAT)
    asyncio.run(work())


def resident() -> int:
    """This process's memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
