"""Readers of replies: a stream is read frame by frame, a body as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from turnout.core import StreamEvent
from turnout.errors import UpstreamBroken

from .half_pairs import HalfPairs

Frame = TypeVar("Frame")


def is_empty_event(data: bytes) -> bool:
    """Whether the event is the end of the stream, or only keeps the connection open."""
    return data[:1] != b"{" and data.strip() in (b"[DONE]", b"", b"null")


class Framer(Protocol[Frame]):
    """Cuts a byte stream into frames."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        ...

    def close(self) -> list[Frame]:
        """The frames that are left when the stream has ended."""
        ...


class FrameReader(ABC, Generic[Frame]):
    """Delays the error of an unreadable frame until the next call: the client first gets the events before it.

    Those events and the unreadable frame may have come in one piece of the stream.
    """

    _broken: UpstreamBroken | None = None

    @abstractmethod
    def _read_frame(self, frame: Frame, events: list[StreamEvent]) -> None:
        """Appends the events of ``frame`` to ``events``. Raises ``UpstreamBroken``."""

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


class StreamReader(FrameReader[Frame]):
    """Reads every frame that ``framer`` cuts out of a stream."""

    def __init__(self, framer: Framer[Frame]) -> None:
        self._framer = framer
        self._half_pairs = HalfPairs()
        self._mark = self._half_pairs.mark

    def feed(self, data: bytes) -> list[StreamEvent]:
        events = self._read_all(self._framer.feed(data))
        return self._half_pairs.joined(events) if self._half_pairs.seen else events

    def close(self) -> list[StreamEvent]:
        events = self._read_all(self._framer.close())
        return self._half_pairs.joined(events) if self._half_pairs.seen else events


class BodyReader(ABC):
    """Collects the pieces of a unary reply, and reads the whole body at its end."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        body = b"".join(self._pieces)
        self._pieces.clear()
        return self._read_body(body)

    @abstractmethod
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        """The events of ``data``, the whole body. Raises ``UpstreamBroken``."""
