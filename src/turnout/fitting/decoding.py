"""What this room needs of a provider's decoder."""

from __future__ import annotations

from typing import Protocol

from turnout.core import StreamEvent


class Decoder(Protocol):
    def feed(self, data: bytes) -> list[StreamEvent]: ...

    def close(self) -> list[StreamEvent]: ...
