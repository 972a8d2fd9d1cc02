"""A reply passed on as it came, with a light scan for what the ledger needs.

A frame is only decoded when it may hold a finish reason, usage or an error, and until the first piece of content has
been seen. Quotes inside JSON strings are escaped, so the searched names can't be found in a model's own words.
"""

from __future__ import annotations

from turnout.core import Relayed, StreamEvent, UsageSoFar
from turnout.core.framing import LIMIT
from turnout.errors import UpstreamBroken
from turnout.providers.frames import FrameReader

from . import wire
from .decode import failure_of, finish_of, read_reply

_DATA = b"data:"


class StreamRelay(FrameReader[bytes]):
    """Passes whole server-sent events on. ``show_usage`` False takes out the usage that only Turnout asked for."""

    def __init__(self, show_usage: bool) -> None:
        self._show_usage = show_usage
        self._held = b""
        self._content_seen = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        if self._held:
            data, self._held = self._held + data, b""
        if not data.endswith(b"\n\n"):
            data = self._hold_back(data)
        return self._scan(data) if data else []

    def close(self) -> list[StreamEvent]:
        """A last event without its blank line is only whole if it can be read."""
        held, self._held = self._held, b""
        return self._scan(held.rstrip() + b"\n\n") if held.strip() else []

    def _hold_back(self, data: bytes) -> bytes:
        if b"\r" in data:  # an event may end in CRLF, and a CR at the end may be half of one
            whole = data.rfind(b"\r\n\r\n")
            end = max(whole + 4 if whole >= 0 else 0, data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0)
        else:
            end = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
        self._held = data[end:]
        if len(self._held) > LIMIT:
            raise UpstreamBroken(f"The provider sent an event longer than {LIMIT} bytes.")
        return data[:end]

    def _scan(self, data: bytes) -> list[StreamEvent]:
        if self._content_seen and self._broken is None and not _may_matter(data):
            return [Relayed(data)]
        return self._read_all(data.replace(b"\r\n", b"\n").split(b"\n\n"))

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if not frame:
            return
        if self._content_seen and not _may_matter(frame):
            events.append(Relayed(frame + b"\n\n"))
            return
        payload = _payload(frame)
        if not payload.startswith(b"{"):
            events.append(Relayed(frame + b"\n\n", content=False))  # [DONE], a comment, a keep-alive
            return
        reply = read_reply(payload)
        if reply.error is not None:
            events.append(failure_of(reply.error))
            return
        content = any(_has_content(choice.delta) for choice in reply.choices or ())
        self._content_seen = self._content_seen or content
        if self._show_usage or reply.choices or not reply.usage:
            events.append(Relayed(frame + b"\n\n", content))
        events += [finish for choice in reply.choices or () if (finish := finish_of(choice))]
        if reply.usage:
            events.append(UsageSoFar(reply.usage.usage()))


class BodyRelay:
    """Passes a whole body on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        body = b"".join(self._pieces)
        reply = read_reply(body)
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not reply.choices:
            raise UpstreamBroken("The provider's reply has no choices.")
        events: list[StreamEvent] = [Relayed(body)]
        events += [finish for choice in reply.choices if (finish := finish_of(choice))]
        if reply.usage:
            events.append(UsageSoFar(reply.usage.usage()))
        return events


def _may_matter(data: bytes) -> bool:
    return b'"usage"' in data or b'"error"' in data or b"[DONE]" in data or _may_finish(data)


def _may_finish(data: bytes) -> bool:
    """Is there a finish reason other than null? Most vendors send one with every chunk."""
    at = data.find(b'"finish_reason"')
    while at >= 0:
        if b"null" not in data[at + 15 : at + 22]:
            return True
        at = data.find(b'"finish_reason"', at + 15)
    return False


def _payload(frame: bytes) -> bytes:
    if frame.startswith(_DATA) and b"\n" not in frame:
        return frame[5:].strip()
    lines = [line[5:].strip() for line in frame.split(b"\n") if line.startswith(_DATA)]
    return b"\n".join(lines)


def _has_content(piece: wire.Piece | None) -> bool:
    return piece is not None and bool(
        piece.content or piece.tool_calls or piece.reasoning_content or piece.reasoning or piece.refusal
    )
