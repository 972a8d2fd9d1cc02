"""Cut a byte stream into frames, wherever the network cut it.

Both framers hold at most one frame's bytes, and refuse a frame longer than ``LIMIT``.
"""

from __future__ import annotations

from turnout.errors import UpstreamBroken

LIMIT = 16 * 1024 * 1024


class LineFramer:
    """Newline-delimited frames (NDJSON): gives each line that isn't blank, without its line end."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes."""
        data = self._rest + data
        *lines, self._rest = data.split(b"\n")
        if len(self._rest) > LIMIT:
            raise UpstreamBroken(f"The provider sent a line longer than {LIMIT} bytes.")
        return [line for line in (line.strip() for line in lines) if line]

    def close(self) -> list[bytes]:
        """The last line, when the stream ended without a line end."""
        rest, self._rest = self._rest.strip(), b""
        return [rest] if rest else []


class SSEFramer:
    """Server-sent events: gives ``(event, data)`` for each event that has data.

    Lines may end in LF, CRLF or CR, and several ``data:`` lines are joined by LF
    (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
    """

    def __init__(self) -> None:
        self._rest = b""
        self._event = ""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """The events that ``data`` completes."""
        data = self._rest + data
        if b"\r" in data:
            # A CR at the very end may be half of a CRLF: it waits for the next bytes.
            held, data = (b"\r", data[:-1]) if data.endswith(b"\r") else (b"", data)
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LIMIT:
            raise UpstreamBroken(f"The provider sent an event longer than {LIMIT} bytes.")
        return self._dispatch(lines)

    def close(self) -> list[tuple[str, bytes]]:
        """The last event, when the stream ended without the blank line that ends one."""
        lines, self._rest = [self._rest.removesuffix(b"\r"), b""], b""
        return self._dispatch(lines)

    def _dispatch(self, lines: list[bytes]) -> list[tuple[str, bytes]]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                self._event = line[6:].strip().decode("utf-8", "replace")
            elif not line:
                if self._data:
                    events.append((self._event, b"\n".join(self._data)))
                self._event, self._data = "", []
        return events
