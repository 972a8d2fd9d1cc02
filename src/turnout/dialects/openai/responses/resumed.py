"""The items of a relayed response that broke off, for another deployment to go on with.

What the client has of them stays as it came: ids, places, and every field that Turnout doesn't know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, structs

from turnout.core import Delta, Extensions, Part, PartEnd, PartStart, Refusal, StreamEvent, Text, ToolCall
from turnout.errors import UpstreamBroken

from .call_output import CallItem, CustomCallItem
from .event_writer import EventWriter
from .output import ContentPart, Item, MessageItem, ReasoningItem
from .own_items import CUSTOM_CALL
from .parse import WIRE
from .relayed_output import RelayedItem, RelayedOutput, RelayedPart, text_of

_encode = msgspec.json.encode
ItemT = TypeVar("ItemT", bound=Item)
_INTEGER: Final = msgspec.json.Decoder(int | None)

Open = ContentPart | ReasoningItem | CallItem


class _Told:
    """A part as the core's events tell it."""

    def __init__(self, start: PartStart) -> None:
        self.index = start.index
        self.part = start.part
        self.is_open = True
        text = getattr(start.part, "arguments" if isinstance(start.part, ToolCall) else "text", "")
        self._pieces: list[str] = [text]

    def add(self, text: str) -> None:
        self._pieces.append(text)

    @property
    def text(self) -> str:
        return "".join(self._pieces)


class ResumedOutput:
    """``items`` in their order. ``message`` is the last one if it may get more parts. ``open`` and ``parts`` are by the
    core's index. ``frames`` end what the next deployment doesn't go on with.

    ``told`` are the core's events of the same frames. Raises ``UpstreamBroken`` if a part of them has no item.
    """

    def __init__(self, writer: EventWriter, relayed: RelayedOutput, told: Sequence[StreamEvent]) -> None:
        self.items: list[Item] = []
        self.message: MessageItem | None = None
        self.open: dict[int, Open] = {}
        self.parts: dict[int, Part] = {}
        self.frames = b""
        self._writer = writer
        parts = _told_in(told)
        self._told = _by_place(parts)
        last = max(relayed.items, default=-1)
        for number, item in sorted(relayed.items.items()):
            self._resume(number, item, is_last=number == last)
        if any(part.is_open and part.index not in self.open for part in parts):
            raise UpstreamBroken("The provider's stream broke off, and doesn't tell what its last words are a part of.")

    def _resume(self, number: int, relayed: RelayedItem, *, is_last: bool) -> None:
        told = None if relayed.done else self._told.get(number, {}).get(None)
        if not relayed.done and relayed.type == "message":
            self._resume_message(number, relayed, is_last=is_last)
        elif not relayed.done and relayed.type == "reasoning":
            thought = self._item(_OpenThought, number, relayed)
            thought.resume(relayed.summaries, told.text if told else "")
            if told is not None and told.is_open:
                self._go_on(told, thought)
            else:
                self.frames += thought.end(None, None)
        elif told is not None and isinstance(told.part, ToolCall) and relayed.type in _CALLS:
            call = self._item(_CALLS[relayed.type], number, relayed)
            call.resume(told.part, told.text)
            if told.is_open:
                self._go_on(told, call)
            else:
                self.frames += call.close()
        else:
            item = self._item(Item, number, relayed)
            if relayed.done:
                item.whole = Raw(_encode(relayed.fields))
            else:
                self.frames += item.break_off()

    def _resume_message(self, number: int, relayed: RelayedItem, *, is_last: bool) -> None:
        message = self._item(MessageItem, number, relayed)
        told_contents = self._told.get(number, {})
        for content_index in sorted({*relayed.contents, *(index for index in told_contents if index is not None)}):
            part = relayed.contents.get(content_index) or RelayedPart({})
            told = told_contents.get(content_index)
            if part.done or told is None or not isinstance(told.part, Text | Refusal):
                message.keep(content_index, Raw(_encode(part.fields)))
                continue
            content = message.reopen(content_index, told.part)
            content.resume(told.text, part.annotations, part.logprobs)
            if told.is_open:
                self._go_on(told, content)
            else:
                self.frames += content.close()
        if is_last:
            self.message = message
        else:
            self.frames += message.seal("completed")

    def _item(self, kind: type[ItemT], number: int, relayed: RelayedItem) -> ItemT:
        item = kind(self._writer, number, text_of(relayed.fields, "id"))
        item.relayed = relayed.fields
        self.items.append(item)
        return item

    def _go_on(self, told: _Told, item: Open) -> None:
        self.open[told.index] = item
        self.parts[told.index] = structs.replace(told.part, extensions=None)


class _OpenThought(ReasoningItem):
    """A relayed thought. Nobody goes on with one, so it ends without its encrypted content."""

    def resume(self, summaries: Mapping[int, RelayedPart], text: str) -> None:
        """``text`` is that of the whole thought."""
        self._summaries = summaries
        self._text = text

    def end(self, signature: str | None, extensions: Extensions) -> bytes:
        self.relayed = {name: value for name, value in self.relayed.items() if name != "encrypted_content"}
        if self._text and not self._summaries:
            return self._end_of_content()
        frames, summary = b"", []
        for index, part in sorted(self._summaries.items()):
            whole: Any = part.fields
            if not part.done:
                place, text = {**self._place, "summary_index": index}, "".join(part.pieces)
                whole = {"type": "summary_text", "text": text}
                frames += self._writer.write("response.reasoning_summary_text.done", {**place, "text": text})
                frames += self._writer.write("response.reasoning_summary_part.done", {**place, "part": whole})
            summary.append(whole)
        return frames + self._done({"type": "reasoning", "summary": summary})

    def _end_of_content(self) -> bytes:
        """Models with open weights tell the thought itself."""
        place = {name: value for name, value in self._place.items() if name != "summary_index"} | {"content_index": 0}
        frames = self._writer.write("response.reasoning_text.done", {**place, "text": self._text})
        content = [{"type": "reasoning_text", "text": self._text}]
        return frames + self._done({"type": "reasoning", "summary": [], "content": content})


_CALLS: Final[Mapping[str, type[CallItem]]] = {"function_call": CallItem, CUSTOM_CALL: CustomCallItem}


def _told_in(events: Sequence[StreamEvent]) -> list[_Told]:
    told: dict[int, _Told] = {}
    for event in events:
        match event:
            case PartStart(index=index):
                told[index] = _Told(event)
            case Delta(index=index, text=text):
                told[index].add(text)
            case PartEnd(index=index):
                told[index].is_open = False
    return list(told.values())


def _by_place(parts: Sequence[_Told]) -> dict[int, dict[int | None, _Told]]:
    """By ``output_index``, and in a message by ``content_index``: its provider's decoder has put the place of a part
    into its extensions. A part without one is nowhere.
    """
    places: dict[int, dict[int | None, _Told]] = {}
    for each in parts:
        fields = (each.part.extensions or {}).get(WIRE, {})
        output, content = [_INTEGER.decode(fields.get(name, b"null")) for name in ("output_index", "content_index")]
        if output is not None:
            places.setdefault(output, {})[content] = each
    return places
