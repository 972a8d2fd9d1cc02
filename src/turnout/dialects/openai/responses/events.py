"""The frames of a stream: each event has its name twice, and a number."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.json_members import members

_encode = msgspec.json.encode


class Events:
    def __init__(self) -> None:
        self._sequence = -1

    def next(self) -> int:
        self._sequence += 1
        return self._sequence

    def say(self, name: str, fields: dict[str, Any]) -> bytes:
        data = _encode({"type": name, "sequence_number": self.next(), **fields})
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def delta(self, name: str, place: dict[str, Any], more: bytes) -> bytes:
        """A template of many events that differ in two things: their number and, as JSON, their text."""
        head = members({"type": name, **place}).replace(b"%", b"%%")
        return b'event: %b\ndata: {%b,"sequence_number":%%d,"delta":%%b%b}\n\n' % (name.encode(), head, more)
