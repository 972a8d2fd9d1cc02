"""What relayed frames have told the client of a response: its items and their parts, whole or open.

It is read when the provider's stream has broken off, so that the rest fits. Items are known by their ``output_index``,
as a vendor may give an item another id in each of its events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core.framing import events_of, payload_of

Fields = dict[str, Raw]

_CONTENT_ADDED: Final = "response.content_part.added"
_CONTENT_DONE: Final = "response.content_part.done"
_SUMMARY_ADDED: Final = "response.reasoning_summary_part.added"
_SUMMARY_DONE: Final = "response.reasoning_summary_part.done"
_SUMMARY_DELTA: Final = "response.reasoning_summary_text.delta"
_ANNOTATION_ADDED: Final = "response.output_text.annotation.added"


class _Event(msgspec.Struct):
    type: str = ""
    sequence_number: int | None = None
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: str = ""
    part: Fields | None = None
    item: Fields | None = None
    response: Fields | None = None
    annotation: Raw = Raw()
    logprobs: list[Raw] | None = None


class _Numbered(msgspec.Struct):
    """The least of an event of an unknown form."""

    sequence_number: int | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)
_NUMBERED: Final = msgspec.json.Decoder(_Numbered)
_TEXT: Final = msgspec.json.Decoder(str)


def text_of(fields: Mapping[str, Raw], name: str) -> str:
    """Empty for a field that isn't there or isn't a text."""
    try:
        return _TEXT.decode(fields[name]) if name in fields else ""
    except msgspec.DecodeError:
        return ""


class RelayedPart:
    """A part of a content or a summary. ``fields`` are the newest that came whole, ``done`` says that they are all.

    ``pieces`` are those of a summary's text.
    """

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.done = False
        self.pieces: list[str] = []
        self.annotations: list[Raw] = []
        self.logprobs: list[Raw] = []


class RelayedItem:
    """``contents`` and ``summaries`` are by their index."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.done = False
        self.contents: dict[int, RelayedPart] = {}
        self.summaries: dict[int, RelayedPart] = {}

    @property
    def type(self) -> str:
        return text_of(self.fields, "type")


class RelayedOutput:
    """``response`` are the fields of the response when it began, ``number`` is that of the last event."""

    def __init__(self, frames: bytes) -> None:
        self.response: Fields = {}
        self.number = -1
        self.items: dict[int, RelayedItem] = {}
        for frame in events_of(frames):
            data = payload_of(frame)
            if data[:1] == b"{":
                self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            event = _EVENT.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            event = _Event(sequence_number=_number_in(data))
        self.number = self.number + 1 if event.sequence_number is None else event.sequence_number
        if event.response is not None:
            self.response = self.response or event.response
        elif event.item is not None:
            self._read_item(event, event.item)
        elif event.output_index in self.items:
            _read_part(event, self.items[event.output_index])

    def _read_item(self, event: _Event, fields: Fields) -> None:
        item = self.items.setdefault(event.output_index, RelayedItem(fields))
        if event.type == "response.output_item.done":
            item.fields, item.done = fields, True


def _number_in(data: bytes) -> int | None:
    try:
        return _NUMBERED.decode(data).sequence_number
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _read_part(event: _Event, item: RelayedItem) -> None:
    summary = event.type in (_SUMMARY_ADDED, _SUMMARY_DONE, _SUMMARY_DELTA)
    parts, index = (item.summaries, event.summary_index) if summary else (item.contents, event.content_index)
    if event.part is not None and event.type in (_CONTENT_ADDED, _CONTENT_DONE, _SUMMARY_ADDED, _SUMMARY_DONE):
        part = parts.setdefault(index, RelayedPart(event.part))
        part.fields, part.done = event.part, event.type in (_CONTENT_DONE, _SUMMARY_DONE)
    elif index in parts:
        part = parts[index]
        if event.type == _SUMMARY_DELTA:
            part.pieces.append(event.delta)
        elif event.type == "response.output_text.delta":
            part.logprobs += event.logprobs or ()
        elif event.type == _ANNOTATION_ADDED and event.annotation:
            part.annotations.append(event.annotation)
