"""Joins the two UTF-16 halves of a character that a stream has cut in two.

JSON may hold a half as an escape (https://www.rfc-editor.org/rfc/rfc8259#section-8.2), which is no text. A vendor that
cuts its text between two code units sends the first half at the end of one piece, and the second one at the start of
the next. While a piece waits to be joined, a character of a private plane stands for its half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from turnout.core import Delta, Part, PartEnd, PartStart, Refusal, StreamEvent, Text, Thinking, ToolCall

LOST: Final = "\N{REPLACEMENT CHARACTER}"
_FIRST: Final = 0x10F000
"""Stands for 0xD800, the character after it for 0xD801, and so on."""

_FIRST_HALF: Final = "[\U0010f000-\U0010f3ff]"
_SECOND_HALF: Final = "[\U0010f400-\U0010f7ff]"
_PAIR: Final = re.compile(_FIRST_HALF + _SECOND_HALF)
_HALF: Final = re.compile(f"{_FIRST_HALF}|{_SECOND_HALF}")
_AT_END: Final = re.compile(_FIRST_HALF + r"\Z")


def lost(half: int) -> str:
    """What stands for a half whose other half can't follow."""
    return LOST


class HalfPairs:
    """The halves of one stream. ``seen`` is false for nearly every stream: then ``joined`` would change nothing."""

    def __init__(self) -> None:
        self.seen = False
        self._held: dict[tuple[int, int], str] = {}  # the first halves at the end of their parts

    def mark(self, half: int) -> str:
        """The character that stands for ``half``, a code unit from 0xD800 to 0xDFFF."""
        self.seen = True
        return chr(_FIRST + half - 0xD800)

    def joined(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        """The same events. A half that has no other one becomes U+FFFD."""
        joined: list[StreamEvent] = []
        for event in events:
            match event:
                case PartStart():
                    joined.append(msgspec.structs.replace(event, part=self._part(event)))
                case Delta():
                    text = self._text((event.choice, event.index), event.text)
                    joined.append(Delta(event.index, text, event.choice))
                case PartEnd():
                    if self._held.pop((event.choice, event.index), ""):
                        joined.append(Delta(event.index, LOST, event.choice))
                    joined.append(event)
                case _:
                    joined.append(event)
        return joined

    def _part(self, event: PartStart) -> Part:
        key, part = (event.choice, event.index), event.part
        match part:
            case Text() | Thinking() | Refusal():
                return msgspec.structs.replace(part, text=self._text(key, part.text))
            case ToolCall():
                return msgspec.structs.replace(part, arguments=self._text(key, part.arguments))
        return part

    def _text(self, key: tuple[int, int], piece: str) -> str:
        text = _PAIR.sub(_character, self._held.pop(key, "") + piece)
        if half := _AT_END.search(text):
            self._held[key] = half[0]
            text = text[:-1]
        return _HALF.sub(LOST, text)


def _character(pair: re.Match[str]) -> str:
    first, second = (ord(half) - _FIRST for half in pair[0])
    return chr(0x10000 + (first << 10) + second - 0x400)
