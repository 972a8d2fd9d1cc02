"""Reading a reply: a stream frame by frame, a body when all of it has come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from turnout.core import StreamEvent
from turnout.errors import UpstreamBroken

Frame = TypeVar("Frame")


class FrameReader(ABC, Generic[Frame]):
    """A frame that can't be read is reported after the events before it have been given: they may have come in one
    piece with it, and the client is to have them.
    """

    _broken: UpstreamBroken | None = None

    @abstractmethod
    def _read_frame(self, frame: Frame, events: list[StreamEvent]) -> None:
        """Appends what ``frame`` says to ``events``. Raises ``UpstreamBroken``."""

    def _read_all(self, frames: Iterable[Frame]) -> list[StreamEvent]:
        if self._broken is not None:
            raise self._broken.afresh()
        events: list[StreamEvent] = []
        try:
            for frame in frames:
                self._read_frame(frame, events)
        except UpstreamBroken as error:
            if not events:
                raise
            self._broken = error.afresh()
        return events


class BodyReader(ABC):
    """A unary reply comes in pieces, too; it is read as a whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return self._read_body(whole)

    @abstractmethod
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        """What ``data``, the whole body, says. Raises ``UpstreamBroken``."""
