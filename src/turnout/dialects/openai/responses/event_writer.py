"""The frames of a stream. Each holds an event's name twice, and its number."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.json_members import members

_encode = msgspec.json.encode


class EventWriter:
    """``number`` is that of the last event."""

    def __init__(self) -> None:
        self.number = -1

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def write(self, name: str, fields: dict[str, Any]) -> bytes:
        data = _encode({"type": name, "sequence_number": self.next_number(), **fields})
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def delta_template(self, name: str, place: dict[str, Any], other_members: bytes) -> bytes:
        """A template of many events. It takes the number of an event, and its text as JSON.

        ``other_members`` may hold a place for one more value.
        """
        head = members({"type": name, **place}).replace(b"%", b"%%")
        return b'event: %b\ndata: {%b,"sequence_number":%%d,"delta":%%b%b}\n\n' % (name.encode(), head, other_members)
