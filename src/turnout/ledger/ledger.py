"""The ledger: what every attempt was, told once and for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec

from turnout.core import AttemptEnd, AttemptStart
from turnout.storage import LazyDatabase

from . import recovery, settler
from .journal import Journal
from .lines import read_ended, read_started
from .record import Attempt, RequestRecord, request_record
from .recovery import Recovery
from .rounds import Rounds
from .segment import lines_with
from .settler import Settler
from .store import LazyStore


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """``journal``, ``database`` and ``recovery`` are None when they work, else what is wrong.

    Counts since this process began: ``settled`` by this process for itself, ``recovered`` and ``lost`` for dead ones.
    ``ignored_ends`` came for attempts that weren't under way. ``dropped`` found room neither on disk nor in memory.
    """

    ok: bool
    journal: str | None
    database: str | None
    recovery: str | None
    in_flight: int
    unsettled_bytes: int
    settled: int
    recovered: int
    lost: int
    corrupt_lines: int
    ignored_ends: int
    dropped: int


class Ledger:
    """One for each process, opened in the process that uses it: a lock that tells life from death isn't for sharing.

    Any number of processes may have the same data directory.
    """

    def __init__(self, journal: Journal, store: LazyStore, settling: Settler, recovering: Recovery) -> None:
        self._journal = journal
        self._store = store
        self._settler = settling
        self._recovery = recovering
        self._settling = Rounds(settling.settle, settler.INTERVAL, settling.condition)
        self._recovering = Rounds(recovering.recover, recovery.INTERVAL, recovering.condition)

    @classmethod
    async def open(cls, data_dir: Path, database: LazyDatabase | None = None) -> Ledger:
        """Ready at once: the database is opened meanwhile. A disk that fails shows in ``state``, it raises nothing.

        Without a ``database``, it is a file in the data directory.
        """
        store = LazyStore(database or LazyDatabase(data_dir))
        root = data_dir / "journal"
        journal = Journal(root)
        return cls(journal, store, Settler(journal, store), Recovery(root, store))

    def begin(self, start: AttemptStart) -> None:
        """Before the attempt is sent."""
        self._journal.begin(start)

    def end(self, end: AttemptEnd) -> None:
        """After it ended. A second end for the same attempt is ignored, and counted."""
        self._journal.end(end)

    async def request(self, request_id: str) -> RequestRecord | None:
        """All attempts of a request, whichever process on this data directory made them, as they are now.

        Another host's are told once they are in the database both share. Raises ``StorageUnavailable``.
        """
        attempts = await self._own_and_settled(request_id)
        if not attempts:  # then they are another process's, if there are any
            attempts = await asyncio.to_thread(_find, request_id, self._journal.others())
            attempts |= await self._settled(request_id)
        return request_record(request_id, attempts.values()) if attempts else None

    async def _own_and_settled(self, request_id: str) -> dict[str, Attempt]:
        """This process's, and what is settled, by attempt. What is on its way from memory over the journal to the
        database is looked for in that order, so that nothing slips through between two looks."""
        attempts: dict[str, Attempt] = {start.attempt_id: start for start in self._journal.started(request_id)}
        held = self._journal.held()
        unsettled = [(s.path, s.settled) for s in self._journal.unsettled if s.settled < s.size]
        if held or unsettled:
            attempts |= await asyncio.to_thread(_find_ended, request_id, held, unsettled)
        return attempts | await self._settled(request_id)

    async def _settled(self, request_id: str) -> dict[str, Attempt]:
        store = await self._store.ready()
        return {attempt.start.attempt_id: attempt for attempt in await store.of_request(request_id)}

    def state(self) -> LedgerState:
        conditions = (self._journal.condition, self._settler.condition, self._recovery.condition)
        return LedgerState(
            ok=all(condition.error is None for condition in conditions),
            journal=self._journal.condition.error,
            database=self._settler.condition.error,
            recovery=self._recovery.condition.error,
            in_flight=self._journal.in_flight(),
            unsettled_bytes=self._journal.backlog(),
            settled=self._settler.settled,
            recovered=self._recovery.settled,
            lost=self._recovery.lost,
            corrupt_lines=self._settler.corrupt + self._recovery.corrupt,
            ignored_ends=self._journal.ignored,
            dropped=self._journal.dropped,
        )

    async def close(self) -> None:
        """Settles everything and closes the database. What can't be settled stays in the journal for the next start."""
        await self._recovering.stop()
        await self._settling.stop()
        await self._settling.once()
        self._journal.close()
        await self._store.close()


def _find(request_id: str, files: Iterable[Path]) -> dict[str, Attempt]:
    """A request's attempts in those files, under way or ended."""
    lines = [line for path in files for line in lines_with(_wanted(request_id), path)]
    started = [start for start in read_started(lines) if start is not None and start.request_id == request_id]
    return {start.attempt_id: start for start in started} | _ended(request_id, lines)


def _find_ended(request_id: str, held: list[bytes], unsettled: list[tuple[Path, int]]) -> dict[str, Attempt]:
    """Those of the request's attempts that have ended and may not be in the database yet."""
    wanted = _wanted(request_id)
    lines = [line for line in held if wanted in line]
    for path, offset in unsettled:
        lines += lines_with(wanted, path, offset)
    return _ended(request_id, lines)


def _ended(request_id: str, lines: list[bytes]) -> dict[str, Attempt]:
    ended = [attempt for attempt in read_ended(lines).attempts if attempt.start.request_id == request_id]
    return {attempt.start.attempt_id: attempt for attempt in ended}


def _wanted(request_id: str) -> bytes:
    return request_id.encode(errors="replace")
