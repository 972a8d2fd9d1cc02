"""Reading a reply that is a count of tokens, the same way on every wire that has one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from turnout.core import Failure, Product, Relayed, StreamEvent, TokenCount
from turnout.providers.unreadable import unreadable

from .frames import BodyReader

ReadCount = Callable[[bytes], int | Failure | None]
"""The tokens that a body tells, or the error; None when it tells neither. Raises what msgspec raises."""


class CountReader(BodyReader):
    """``relayed``: the provider's own body is passed on. ``provider`` is its name, for errors."""

    def __init__(self, read: ReadCount, provider: str, *, relayed: bool) -> None:
        super().__init__()
        self._read = read
        self._provider = provider
        self._relayed = relayed

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        try:
            told = self._read(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(f"{self._provider} sent what isn't a count.", data, error) from error
        if told is None:
            raise unreadable(f"{self._provider}'s reply has no count.", data)
        if isinstance(told, Failure):
            return [told]
        return [Relayed(data) if self._relayed else Product(TokenCount(tokens=told, source="reported"))]
