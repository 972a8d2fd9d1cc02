"""Readers of replies: a stream is read frame by frame, a body as a whole."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import Final, Generic, Protocol, TypeVar

from turnout.core import StreamEvent
from turnout.errors import UpstreamBroken

from .half_pairs import HalfPairs
from .unreadable import UnreadableFrame, unreadable

Frame = TypeVar("Frame")
_log = logging.getLogger(__name__)
_FIELDS: Final = frozenset({b"event", b"data", b"id", b"retry"})
"""https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"""
_MOST_LEFT_OUT: Final = 10
"""Of one answer. More are no accident."""


def is_empty_event(data: bytes) -> bool:
    """Whether the event is the end of the stream, or only keeps the connection open."""
    return data[:1] != b"{" and data.strip() in (b"[DONE]", b"", b"null")


def check_fields(frame: bytes) -> None:
    """Raises ``UpstreamBroken`` for lines without data that are no server-sent event: a web page, for example."""
    for line in frame.removeprefix(BOM_UTF8).splitlines():
        if line and line[:1] != b":" and line.partition(b":")[0] not in _FIELDS:
            raise unreadable("The provider sent what is no server-sent event.", frame)


class Framer(Protocol[Frame]):
    """Cuts a byte stream into frames."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        ...

    def close(self) -> list[Frame]:
        """The frames that are left when the stream has ended."""
        ...


class FrameReader(ABC, Generic[Frame]):
    """Reads frames. A single one that can't be read is left out, if the answer can do without it and goes on after it.

    Two in a row, or one that nothing follows, break the answer. The error of a broken answer waits until the next call:
    the client first gets the events before it, which may have come in one piece of the stream. ``left_out`` counts the
    frames that were left out.
    """

    _unread: UpstreamBroken | None = None  # of the frame before, which was left out
    _broken: UpstreamBroken | None = None
    left_out = 0

    @abstractmethod
    def _read_frame(self, frame: Frame, events: list[StreamEvent]) -> None:
        """Appends the events of ``frame`` to ``events``. Raises ``UpstreamBroken``."""

    def _can_spare_a_frame(self) -> bool:
        """Whether what comes now makes sense without a piece: a text does, a call's arguments don't."""
        return True

    def _read_all(self, frames: Iterable[Frame]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if self._unread is not None or self._broken is not None:
            self._read_on(frames, events)
            return events
        rest = iter(frames)
        try:
            for frame in rest:
                self._read_frame(frame, events)
        except UpstreamBroken as error:
            self._leave_out(error, events)
            self._read_on(rest, events)
        return events

    def _read_on(self, frames: Iterable[Frame], events: list[StreamEvent]) -> None:
        """Reads what follows a frame that can't be read."""
        if self._broken is not None and not events:
            raise self._broken.afresh()
        for frame in frames:
            if self._broken is not None:
                return
            known = len(events)
            try:
                self._read_frame(frame, events)
            except UpstreamBroken as error:
                self._leave_out(error, events)
            else:
                self._unread = None if len(events) > known else self._unread

    def _leave_out(self, error: UpstreamBroken, events: list[StreamEvent]) -> None:
        """Raises ``error`` for a frame that can't be left out, at the next call if there are events before it."""
        single = self._unread is None and self.left_out < _MOST_LEFT_OUT
        if single and isinstance(error, UnreadableFrame) and self._can_spare_a_frame():
            if not self.left_out:
                _log.warning("A part of a stream can't be read, and is left out: %s", error.message)
            self.left_out += 1
            self._unread = error.afresh()
            return
        self._broken = error.afresh()
        if not events:
            raise error

    def _read_last(self, frames: Iterable[Frame]) -> list[StreamEvent]:
        """Reads the last frames. Raises ``UpstreamBroken`` if nothing follows a frame that can't be read."""
        events = self._read_all(frames)
        if self._unread is not None and not events:
            raise self._unread.afresh()
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
        events = self._read_last(self._framer.close())
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
