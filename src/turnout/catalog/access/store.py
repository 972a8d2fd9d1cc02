"""The keys, users and teams made through the API, as this process knows them.

The database holds them. Every process looks there twice a second and reads what has changed, so every host follows. A
file keeps the last known ones, so that a process can start without the database: a revoked key stays revoked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

import msgspec

from turnout.core import Key
from turnout.errors import StorageUnavailable
from turnout.storage import AccessKind, AuditEntry, RecordRow

from .file import KnownRows, read_rows, write_rows
from .records import MadeAccount, MadeKey, made_account, made_key

LOOK_SECONDS: Final = 0.5
PAGE: Final = 1_000
"""Rows that are read at once: a few milliseconds of the event loop."""

_ABOUT: Final = "keys, users and teams made through the API"

AccountKind = Literal["users", "teams"]
Accounts = Mapping[str, MadeAccount]
T = TypeVar("T", MadeKey, MadeAccount)

log = logging.getLogger(__name__)


class AccessTables(Protocol):
    """The tables. Every call may raise ``StorageUnavailable``. ``turnout.storage.access`` has them."""

    async def revision(self) -> int: ...

    async def changed(self, kind: AccessKind, after: int, limit: int) -> Sequence[RecordRow]: ...

    async def add(self, kind: AccessKind, row: RecordRow, entry: AuditEntry) -> bool: ...

    async def replace(self, kind: AccessKind, row: RecordRow, entry: AuditEntry) -> bool: ...


class AccessDatabase(Protocol):
    """Opens the tables on first use. Raises ``StorageUnavailable``."""

    async def access(self) -> AccessTables: ...


class AccessStore:
    """``keys``, ``users`` and ``teams`` by id. ``by_digest`` is what requests find, ``by_word`` has the ids of keys by
    name and prefix. None of these ever changes: a change replaces it. ``problem`` says why they may be out of date.
    """

    def __init__(self, folder: Path) -> None:
        self.problem: str | None = None
        self._folder = folder
        self._revision = -1
        self._is_kept = True
        self._lock = asyncio.Lock()
        self.keys: Mapping[str, MadeKey] = {}
        self.users: Accounts = {}
        self.teams: Accounts = {}
        self.by_digest: Mapping[bytes, Key] = {}
        self.by_word: Mapping[str, str] = {}
        self._adopt(read_rows(folder), whole=True)

    def accounts(self, kind: AccountKind) -> Accounts:
        return self.users if kind == "users" else self.teams

    def find(self, text: str) -> MadeKey | None:
        """The key of that id, name or prefix; also the prefix before the last rotation."""
        return self.keys.get(text) or self.keys.get(self.by_word.get(text, ""))

    async def refresh(self, database: AccessDatabase) -> bool:
        """Whether anything has changed. When the database fails, all stays, and ``problem`` says so."""
        async with self._lock:  # without it, an older answer could come after a newer one
            try:
                store = await database.access()
                revision = await store.revision()
                if revision == self._revision:
                    self.problem = None
                    return False
                whole = not 0 <= self._revision < revision  # a smaller number: a backup was put back
                rows = await _rows(store, -1 if whole else self._revision)
            except StorageUnavailable as error:
                self._report(error)
                return False
            self.problem = None
            self._revision = revision
            self._adopt(rows, whole=whole)
            self._is_kept = False
            return True

    async def keep(self) -> None:
        """Writes the file, if anything has changed since the last time."""
        if self._is_kept:
            return
        self._is_kept = True
        rows = KnownRows(
            keys=[made.row for made in self.keys.values()],
            users=[made.row for made in self.users.values()],
            teams=[made.row for made in self.teams.values()],
        )
        try:
            await asyncio.to_thread(write_rows, rows, self._folder)
        except OSError as error:
            log.warning("%s are not kept for the next start: %s", _ABOUT, error)

    def _adopt(self, rows: KnownRows, *, whole: bool) -> None:
        """``whole``: these are all that there are, not only those that have changed."""
        before = {} if whole else self.keys
        keys = _merged(before, rows.keys, made_key, self.keys)
        by_digest, by_word = ({}, {}) if whole else (dict(self.by_digest), dict(self.by_word))
        for made in [before[row.id] for row in rows.keys if row.id in before]:
            for key in made.keys:
                by_digest.pop(key.digest, None)
            for word in made.words:
                by_word.pop(word, None)
        for made in [keys[row.id] for row in rows.keys if row.id in keys]:
            by_digest.update((key.digest, key) for key in made.keys)
            by_word.update((word, made.row.id) for word in made.words)
        self.keys, self.by_digest, self.by_word = keys, by_digest, by_word
        self.users = _merged({} if whole else self.users, rows.users, made_account, self.users)
        self.teams = _merged({} if whole else self.teams, rows.teams, made_account, self.teams)

    def _report(self, error: StorageUnavailable) -> None:
        if self.problem is None:
            log.warning("%s: %s", _ABOUT, error.message)
        self.problem = f"{_ABOUT} stay as they were: {error.message}"


async def _rows(store: AccessTables, after: int) -> KnownRows:
    return KnownRows(
        keys=await _changed(store, "keys", after),
        users=await _changed(store, "users", after),
        teams=await _changed(store, "teams", after),
    )


async def _changed(store: AccessTables, kind: AccessKind, after: int) -> list[Any]:
    """All pages. Their rows may be newer than the revision that was read: they come again, and change nothing."""
    rows: list[RecordRow] = []
    while page := await store.changed(kind, after, PAGE):
        rows.extend(page)
        after = page[-1].revision
        if len(page) < PAGE:
            break
    return rows


def _merged(before: Mapping[str, T], rows: Iterable[Any], read: Any, known: Mapping[str, T]) -> dict[str, T]:
    """``before`` with what the rows say; a row that is ``known`` isn't read again.

    A row that can't be read isn't served: it could forbid what this version doesn't know.
    """
    merged = dict(before)
    for row in rows:
        merged.pop(row.id, None)
        if not row.definition:
            continue
        same = known.get(row.id)
        if same is not None and same.row == row:
            merged[row.id] = same
            continue
        try:
            merged[row.id] = read(row)
        except (msgspec.DecodeError, ValueError) as error:
            log.error("'%s' was made by another version and can't be read: %s", row.id, error)
    return merged
