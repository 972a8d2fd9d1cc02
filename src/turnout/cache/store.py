"""What a place for answers does."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from .entry import Labels


class Purge(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which answers go: all that have each of the labels that are said. Nothing said: all."""

    model: str | None = None
    key: str | None = None
    tag: str | None = None

    def concerns(self, labels: Labels) -> bool:
        return (
            (self.model is None or self.model == labels.model)
            and (self.key is None or self.key == labels.key)
            and (self.tag is None or self.tag in labels.tags)
        )


class Sizes(NamedTuple):
    """Of all answers of a store. None: it can't be told in short time."""

    entries: int | None
    bytes: int | None


class CacheStore(Protocol):
    """What it can't do for now is a miss. It raises nothing, and says in its condition what is wrong."""

    name: str

    def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None] | Awaitable[Sequence[bytes | None]]:
        """What is kept, in the order of the keys. Only who has to wait gets an awaitable."""
        ...

    def put(self, key: bytes, entry: bytes, labels: Labels, seconds: float) -> Awaitable[None] | None: ...

    async def connect(self) -> None:
        """So that the first request doesn't wait for it."""
        ...

    async def purge(self, purge: Purge) -> int:
        """How many went. Raises ``StorageUnavailable``."""
        ...

    def sizes(self) -> Sizes: ...

    @property
    def error(self) -> str | None:
        """What is wrong now."""
        ...

    async def close(self) -> None: ...
