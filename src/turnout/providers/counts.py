"""Reads a reply that is a count of tokens, for every wire that counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import msgspec

from turnout.core import CountRequest, Failure, Product, Relayed, StreamEvent, TokenCount
from turnout.providers.unreadable import unreadable

from .frames import BodyReader


class CountOperation(ABC):
    """The reading half of an operation that counts tokens. ``vendor`` is the provider's name in error messages."""

    vendor: ClassVar[str]

    @abstractmethod
    def read_count(self, body: bytes) -> int | Failure | None:
        """The tokens in ``body``, or its error; None if it has neither. Raises the errors of msgspec."""

    def decoder(self, request: CountRequest) -> BodyReader:
        return _CountReader(self, relayed=False)

    def relay(self, request: CountRequest) -> BodyReader:
        return _CountReader(self, relayed=True)


class _CountReader(BodyReader):
    """``relayed``: the provider's own body is passed on."""

    def __init__(self, operation: CountOperation, *, relayed: bool) -> None:
        super().__init__()
        self._operation = operation
        self._relayed = relayed

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        vendor = self._operation.vendor
        try:
            count = self._operation.read_count(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(f"{vendor} sent what isn't a count.", data, error) from error
        if count is None:
            raise unreadable(f"{vendor}'s reply has no count.", data)
        if isinstance(count, Failure):
            return [count]
        return [Relayed(data) if self._relayed else Product(TokenCount(tokens=count, source="reported"))]
