"""The ledger: keeps the record of every attempt, and answers questions about a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec

from turnout.core import AttemptEnd, AttemptStart
from turnout.storage import LazyDatabase

from .journal import Journal
from .lines import read_ended, read_started
from .observer import SettlementObserver, Told
from .periodic import PeriodicWork
from .record import Attempt, RequestRecord, request_record
from .recovery import INTERVAL as RECOVERY_INTERVAL
from .recovery import Recovery
from .segment import lines_containing
from .settler import INTERVAL as SETTLER_INTERVAL
from .settler import Settler
from .store import LazyStore
from .usage.upkeep import INTERVAL as RETENTION_INTERVAL
from .usage.upkeep import Retention


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """``journal``, ``database``, ``recovery`` and ``retention`` are None while they work, else they say what is wrong.

    The counts are those since this process began: it ``settled`` attempts of its own, and ``recovered`` and ``lost``
    ones are those of dead processes. ``ignored_ends`` are ends of attempts that weren't under way. Neither the disk nor
    the memory had room for the ``dropped`` ones.
    """

    ok: bool
    journal: str | None
    database: str | None
    recovery: str | None
    retention: str | None
    in_flight: int
    unsettled_bytes: int
    settled: int
    recovered: int
    lost: int
    corrupt_lines: int
    ignored_ends: int
    dropped: int


class Ledger:
    """Each process opens its own: the lock on its folder shows that this process lives, so it can't be shared.

    Any number of processes may use the same data directory.
    """

    def __init__(
        self,
        journal: Journal,
        store: LazyStore,
        settler: Settler,
        recovery: Recovery,
        retention: Retention | None,
        told: Told,
    ) -> None:
        self._journal = journal
        self._store = store
        self._settler = settler
        self._recovery = recovery
        self._retention = retention
        self._told = told
        self._periodic_settling = PeriodicWork(settler.settle, SETTLER_INTERVAL, settler.condition)
        self._periodic_recovery = PeriodicWork(recovery.recover, RECOVERY_INTERVAL, recovery.condition)
        self._periodic_removal = (
            None if retention is None else PeriodicWork(retention.remove_old, RETENTION_INTERVAL, retention.condition)
        )

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        database: LazyDatabase | None = None,
        keep_days: int | None = None,
        observer: SettlementObserver | None = None,
        owner: str | None = None,
    ) -> Ledger:
        """Returns at once; the database is opened afterwards. Raises nothing: ``state`` shows a disk that fails.

        Without a ``database``, a file in the data directory is used. Without ``keep_days``, every attempt is kept.
        ``observer`` is told what is settled. ``owner`` names this process, and is a ``new_owner()``.
        """
        database = database or LazyDatabase(data_dir)
        store = LazyStore(database)
        retention = None if keep_days is None else Retention(database, keep_days)
        root = data_dir / "journal"
        journal = Journal(root, owner=owner)
        told = Told(observer)
        return cls(journal, store, Settler(journal, store, told), Recovery(root, store, told), retention, told)

    @property
    def owner(self) -> str:
        """The name of this process among all that write or have written journals. It is the same from the beginning."""
        return self._journal.owner

    async def settle(self) -> None:
        """Settles what has ended by now, if that is possible now."""
        await self._periodic_settling.run_once()

    def begin(self, start: AttemptStart) -> None:
        """Call it before the attempt is sent. Raises ``Unrecorded``."""
        self._journal.begin(start)

    def meter(self, so_far: AttemptEnd) -> None:
        """What an attempt under way has used so far, with the outcome ``lost``: its end if this process dies now."""
        self._journal.meter(so_far)

    def end(self, end: AttemptEnd) -> None:
        """Call it after the attempt ended. A second end of an attempt is ignored and counted."""
        self._journal.end(end)

    async def request(self, request_id: str) -> RequestRecord | None:
        """All attempts of a request as they are now, of any process on this data directory.

        Attempts of another host are found once they are in the shared database. Raises ``StorageUnavailable``.
        """
        attempts = await self._own_and_settled(request_id)
        if not attempts:  # then they are another process's, if there are any
            attempts = await asyncio.to_thread(_find, request_id, self._journal.files_of_others())
            attempts |= await self._settled(request_id)
        return request_record(request_id, attempts.values()) if attempts else None

    async def _own_and_settled(self, request_id: str) -> dict[str, Attempt]:
        """This process's attempts and the settled ones, by attempt.

        An attempt goes from memory to the journal and from there to the database. They are searched in that order, so
        that an attempt that moves on during the search is still found.
        """
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
        retention = None if self._retention is None else self._retention.condition.error
        conditions = (self._journal.condition, self._settler.condition, self._recovery.condition)
        return LedgerState(
            ok=all(condition.error is None for condition in conditions) and retention is None,
            journal=self._journal.condition.error,
            database=self._settler.condition.error,
            recovery=self._recovery.condition.error,
            retention=retention,
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
        """Settles everything and closes the database. The next start settles attempts that can't be settled now."""
        if self._periodic_removal is not None:
            await self._periodic_removal.stop()
        await self._periodic_recovery.stop()
        await self._periodic_settling.stop()
        await self._periodic_settling.run_once()
        self._journal.close(is_told=not self._told.is_behind)
        await self._store.close()


def _find(request_id: str, files: Iterable[Path]) -> dict[str, Attempt]:
    """The request's attempts in those files, under way or ended."""
    lines = [line for path in files for line in lines_containing(_encoded(request_id), path)]
    started = [start for start in read_started(lines) if start is not None and start.request_id == request_id]
    return {start.attempt_id: start for start in started} | _ended(request_id, lines)


def _find_ended(request_id: str, held: list[bytes], unsettled: list[tuple[Path, int]]) -> dict[str, Attempt]:
    """The request's attempts that have ended and may not be in the database yet."""
    encoded_id = _encoded(request_id)
    lines = [line for line in held if encoded_id in line]
    for path, offset in unsettled:
        lines += lines_containing(encoded_id, path, offset)
    return _ended(request_id, lines)


def _ended(request_id: str, lines: list[bytes]) -> dict[str, Attempt]:
    ended = [attempt for attempt in read_ended(lines).attempts if attempt.start.request_id == request_id]
    return {attempt.start.attempt_id: attempt for attempt in ended}


def _encoded(request_id: str) -> bytes:
    return request_id.encode(errors="replace")
