"""Framers: they cut a byte stream into frames, wherever the network has cut it.

A framer holds the bytes of at most one frame, and refuses a frame that is longer than about its limit. It joins the
bytes only when the frame is whole: a frame in a thousand pieces costs no more than in one.
"""

from __future__ import annotations

import re

from turnout.errors import ReplyTooLarge

LIMIT = 64 * 1024 * 1024
"""Bytes of a frame. The longest frames are pictures in base64, of some tens of megabytes."""

_BOM = b"\xef\xbb\xbf"
_EVENT = re.compile(rb".*?\n\r?\n|.+", re.DOTALL)


class _Framer:
    """Holds the pieces of a frame that isn't whole yet."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held: list[bytes] = []
        self._size = 0

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        if self._size > self._limit:
            raise _too_long(self._limit)

    def _take(self, last: bytes = b"") -> bytes:
        """All held bytes, with ``last`` at the end."""
        whole = b"".join([*self._held, last])
        self._held, self._size = [], 0
        return whole


class LineFramer(_Framer):
    """Cuts newline-delimited frames (NDJSON). It gives each line that isn't blank, without its line end."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes."""
        *lines, rest = data.split(b"\n")
        if self._held and lines:
            lines[0] = self._take(lines[0])
        if rest:
            self._hold(rest)
        return [line for line in (line.strip() for line in lines) if line]

    def close(self) -> list[bytes]:
        """The last line, when the stream ended without a line end."""
        rest = self._take().strip()
        return [rest] if rest else []


class SSEFramer(_Framer):
    """Reads server-sent events. It gives ``(event, data)`` for each event that has data.

    Lines may end in LF, CRLF or CR, and several ``data:`` lines are joined by LF
    (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
    """

    def __init__(self, limit: int = LIMIT) -> None:
        super().__init__(limit)
        self._after_cr = False  # the next LF is the second half of a CRLF
        self._at_start = True
        self._event = ""
        self._data: list[bytes] = []
        self._counted = 0  # lines of ``_data`` whose bytes are in ``_pending``
        self._pending = 0  # bytes on the wire

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """The events that ``data`` completes."""
        if data[:6] == b"data: " and not (self._held or self._data or self._event or self._after_cr):
            end = data.find(b"\n")
            if end == len(data) - 2 and data[end:] == b"\n\n" and b"\r" not in data:
                return self._single(data[6:end])  # nearly all data: one event of one line
            if end == len(data) - 3 and data.find(b"\r") == end - 1 and data[end:] == b"\n\r\n":
                return self._single(data[6 : end - 1])
        if b"\r" in data or self._after_cr:
            data = self._with_line_feeds(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if self._held and lines:
            lines[0] = self._take(lines[0])
        if rest:
            self._hold(rest)
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BOM)
        return self._dispatch(lines)

    def close(self) -> list[tuple[str, bytes]]:
        """The last event, when the stream ended without its blank line."""
        return self.feed(b"\n\n")

    def _single(self, data: bytes) -> list[tuple[str, bytes]]:
        self._at_start = False
        return [("", data)]

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _dispatch(self, lines: list[bytes]) -> list[tuple[str, bytes]]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line:
                if self._data:
                    events.append((self._event, b"\n".join(self._data)))
                    self._data, self._counted, self._pending = [], 0, 0
                self._event = ""
            elif line.startswith(b"event:"):
                self._event = line[6:].removeprefix(b" ").decode("utf-8", "replace")
            elif line == b"data":  # a field may come without its colon
                self._data.append(b"")
            elif line == b"event":
                self._event = ""
        if self._data:
            self._check_size()
        return events

    def _check_size(self) -> None:
        """Raises ``ReplyTooLarge`` for an event that is long because it has many lines."""
        self._pending += sum([len(line) + 6 for line in self._data[self._counted :]])
        self._counted = len(self._data)
        if self._pending > self._limit:
            raise _too_long(self._limit)


class EventCutter(_Framer):
    """Gives whole server-sent events, byte for byte, to pass them on. Lines end in LF or CRLF, not in CR."""

    def __init__(self, limit: int = LIMIT) -> None:
        super().__init__(limit)
        self._tail = b""  # the last two held bytes: a blank line may begin there

    def feed(self, data: bytes) -> bytes:
        """The events that ``data`` completes, or empty bytes."""
        if not self._held and data.endswith(b"\n\n"):
            return data
        window = self._tail + data
        blank = max(window.rfind(b"\n\n"), window.rfind(b"\n\r\n"))
        if blank < 0:
            self._hold_back(data, window)
            return b""
        end = window.index(b"\n", blank + 1) + 1 - len(self._tail)
        whole = self._take(data[:end])
        self._tail = b""
        if end < len(data):
            self._hold_back(data[end:], data[end:])
        return whole

    def close(self) -> bytes:
        """The rest, when the stream ended without the blank line that ends an event."""
        self._tail = b""
        return self._take()

    def _hold_back(self, data: bytes, window: bytes) -> None:
        self._hold(data)
        self._tail = window[-2:]


def payload_of(event: bytes) -> bytes:
    """The data of one whole event, which ends in a blank line; empty if it has none."""
    start = event.find(b"\n") + 1 if event[:7] == b"event: " else 0
    if event[start : start + 6] == b"data: " and event.find(b"\n", start) == len(event) - 2 and event.find(b"\r") < 0:
        return event[start + 6 : -2]  # nearly all events: a line of data, perhaps after a line with its name
    return b"\n".join([data for _, data in SSEFramer().feed(event)])


def events_of(whole: bytes) -> list[bytes]:
    """The single events in the bytes that ``EventCutter`` gave. Joined again, they are ``whole``."""
    if whole.find(b"\n\n") == len(whole) - 2 and whole.find(b"\r") < 0:
        return [whole]  # nearly always: one event
    if whole.find(b"\r") >= 0:
        return _EVENT.findall(whole)
    *events, rest = whole.split(b"\n\n")
    return [event + b"\n\n" for event in events] + ([rest] if rest else [])


def on_one_line(json: bytes) -> bytes:
    """Valid JSON without line ends, so that it fits into a frame. They are only between its values."""
    return json.replace(b"\n", b" ").replace(b"\r", b" ")


def _too_long(limit: int) -> ReplyTooLarge:
    return ReplyTooLarge(f"The provider sent an event longer than {limit} bytes.")
