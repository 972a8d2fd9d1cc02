"""The price book that this process bills by.

Every process on one database bills by the book that was taken last. A process begins with the one that ships with it,
so that its first request has a price, also without a database. Where another one was taken, a file in the data
directory keeps it for the next start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from turnout.errors import StorageUnavailable
from turnout.prices import PriceBook, decoded, encoded, is_newer
from turnout.storage import BY_ITSELF, AuditEntry, BookRow, TakenVersion

from .audited import told

FILE_NAME: Final = "price_book.json"
LOOK_SECONDS: Final = 10.0
"""Between two looks whether another book was taken. One look reads one number."""

SHIPPED: Final = "shipped with Turnout"
Take = Literal["auto", "ask"]
"""Whether a newer book that ships with Turnout is taken by itself."""

log = logging.getLogger(__name__)


class BookStore(Protocol):
    """The table of books. Every call may raise ``StorageUnavailable``."""

    async def newest(self) -> int: ...

    async def versions(self) -> list[TakenVersion]: ...

    async def content(self, number: int) -> str: ...

    async def take(self, book: BookRow, entry: AuditEntry) -> bool: ...


class BookDatabase(Protocol):
    """Opens the table on first use. Raises ``StorageUnavailable``."""

    async def price_books(self) -> BookStore: ...


class TakenBook:
    """``book`` is the one that counts. ``problem`` says why another one may."""

    def __init__(self, folder: Path, shipped: PriceBook) -> None:
        self.shipped = shipped
        self.book = _read(folder) or shipped
        self.problem: str | None = None
        self._folder = folder
        self._number = 0
        self._is_offered = False
        self._unreadable: str | None = None

    async def keep_up(self, database: BookDatabase, take: Take) -> bool:
        """Offers the shipped book once, and takes over the one that counts. Whether ``book`` is another one now.

        When the database fails, the book stays, and ``problem`` says so.
        """
        try:
            store = await database.price_books()
            if not self._is_offered:
                await self._offer(store, take)
                self._is_offered = True
            return await self.follow(store)
        except StorageUnavailable as error:
            self.problem = f"the prices are those of {self.book.version}: {error.message}"
            return False

    async def follow(self, store: BookStore) -> bool:
        """Whether ``book`` is another one now. Raises ``StorageUnavailable``."""
        number = await store.newest()
        if number not in (0, self._number):
            content = await store.content(number)
            self._number, before = number, self.book
            self._adopt(content)
            return self.book is not before
        self.problem = self._unreadable
        return False

    def _adopt(self, content: str) -> None:
        try:
            book = decoded(content)
        except msgspec.DecodeError as error:
            self._unreadable = f"the prices are those of {self.book.version}: the newest book can't be read: {error}"
            log.error("%s", self._unreadable)
        else:
            self._unreadable = None
            if book.version != self.book.version:
                log.info("the price book is %s now (before: %s)", book.version, self.book.version)
                self.book = book
                self._keep()
        self.problem = self._unreadable

    async def _offer(self, store: BookStore, take: Take) -> None:
        """The first book is always taken. After somebody else has taken one, it looks again."""
        while self._is_wanted(versions := await store.versions()):
            if versions and take == "ask":
                log.warning(
                    "a newer price book is there: %s. `turnout prices diff` shows what it changes, and `turnout prices "
                    "take` takes it.",
                    self.shipped.version,
                )
                return
            if await take_book(store, self.shipped, versions):
                log.info("took the price book %s", self.shipped.version)
                return

    def _is_wanted(self, versions: list[TakenVersion]) -> bool:
        """A version that was taken before isn't: somebody went back from it to another one."""
        known = {taken.version for taken in versions}
        version = self.shipped.version
        return not versions or (version not in known and is_newer(version, versions[0].version))

    def _keep(self) -> None:
        """A file is there only where another book than the shipped one counts."""
        file = self._folder / FILE_NAME
        try:
            if self.book.version == self.shipped.version:
                file.unlink(missing_ok=True)
            else:
                draft = file.with_name(f"{FILE_NAME}.{os.getpid()}")
                draft.write_text(encoded(self.book))
                draft.replace(file)
        except OSError as error:
            log.warning("the price book is not kept for the next start: %s", error)


async def take_book(
    store: BookStore, book: PriceBook, versions: list[TakenVersion], source: str = SHIPPED, who: str = BY_ITSELF
) -> bool:
    """False when somebody else has taken one since ``versions`` (newest first) was read."""
    number = versions[0].number + 1 if versions else 1
    content = await asyncio.to_thread(encoded, book)
    before, after = ({"version": version} for version in (versions[0].version if versions else None, book.version))
    entry = AuditEntry(
        who=who, action="take", kind="prices", subject=book.version, before=told(before), after=told(after)
    )
    return await store.take(BookRow(number, book.version, source, int(time.time()), content), entry)


def _read(folder: Path) -> PriceBook | None:
    """The book that an earlier run kept. None without one, and for one that can't be read: the database has it."""
    try:
        return decoded((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s can't be read: %s", FILE_NAME, error)
        return None
