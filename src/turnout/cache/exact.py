"""The exact cache of one process: it finds the answer to the same question, and keeps answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from turnout.core import CacheShare, Key
from turnout.errors import StorageUnavailable

from .entry import Entry, Labels, packed, unpacked
from .flights import Flights
from .purges import PurgeFile
from .store import CacheStore, Purge


class ExactCache:
    """``ttl`` are the seconds that an answer is kept. ``data_dir`` is where the processes of a host tell each other
    what was purged; None where the store is shared.

    ``wall`` gives Unix time. ``purged`` counts purges: what was asked before one isn't kept after it.
    """

    def __init__(
        self,
        store: CacheStore,
        ttl: float,
        share: CacheShare,
        data_dir: Path | None = None,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.ttl = ttl
        self.share = share
        self.flights = Flights()
        self.purged = 0
        self.wall = wall
        self._purges = None if data_dir is None else PurgeFile(data_dir)
        self._following: asyncio.Task[None] | None = None
        self._keeping: set[asyncio.Task[None]] = set()

    @property
    def error(self) -> str | None:
        """What is wrong now."""
        return self.store.error or (None if self._purges is None else self._purges.error)

    def tenant_of(self, key: Key) -> str:
        """Whose answers a key may get. One without a user or a team shares with nobody."""
        if self.share == "all":
            return "all"
        owner = {"user": key.user, "team": key.team}.get(self.share, "")
        return f"{self.share} {owner}" if owner else f"key {key.id}"

    def find(
        self, keys: Sequence[bytes], max_age: int | None
    ) -> Sequence[Entry | None] | Awaitable[Sequence[Entry | None]]:
        """What is kept and not older than ``max_age`` seconds, in the order of the keys. Raises nothing."""
        found = self.store.get(keys)
        if isinstance(found, Awaitable):
            return self._awaited(keys, found, max_age)
        return self._entries(keys, found, max_age)

    def keep(self, work: Awaitable[None]) -> None:
        """Does it beside the request."""
        task = asyncio.ensure_future(work)
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def put(self, entry: Entry, labels: Labels) -> None:
        put = self.store.put(entry.key, packed(entry), labels, self.ttl)
        if put is not None:
            await put

    async def purge(self, purge: Purge) -> int:
        """How many answers went here; other processes follow within a second. Raises
        ``StorageUnavailable``.
        """
        if self._purges is not None:
            try:
                self._purges.write(purge)
            except OSError as error:
                raise StorageUnavailable(f"Other processes can't be told of the purge: {error}") from error
        return await self._carry_out(purge)

    async def begin(self) -> None:
        """Follows the purges of other processes until it is closed."""
        await self.store.connect()
        if self._purges is not None:
            self._following = asyncio.create_task(self._purges.follow(self._carry_out))

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait((self._following,))
        if self._keeping:
            await asyncio.wait(self._keeping)
        await self.store.close()

    async def _carry_out(self, purge: Purge) -> int:
        self.purged += 1
        return await self.store.purge(purge)

    async def _awaited(
        self, keys: Sequence[bytes], finding: Awaitable[Sequence[bytes | None]], max_age: int | None
    ) -> Sequence[Entry | None]:
        return self._entries(keys, await finding, max_age)

    def _entries(
        self, keys: Sequence[bytes], found: Sequence[bytes | None], max_age: int | None
    ) -> Sequence[Entry | None]:
        oldest = self.wall() - min(self.ttl, self.ttl if max_age is None else max_age)
        entries = [None if data is None else unpacked(data, key) for key, data in zip(keys, found, strict=True)]
        return [None if entry is None or entry.made < oldest else entry for entry in entries]
