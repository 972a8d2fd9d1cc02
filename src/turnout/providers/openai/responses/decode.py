"""A stream of Responses → core events.

A stream is relayed to who speaks this wire. It is read only when it has broken off, to know what the client has of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import (
    Delta,
    Extensions,
    Part,
    PartEnd,
    PartStart,
    Refusal,
    Relayed,
    Search,
    Source,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
)
from turnout.core.framing import payload_of
from turnout.providers.half_pairs import HalfPairs

from . import stream_wire as wire
from .relay import StreamRelay
from .stream_wire import parts_in, text_in

NAMESPACE: Final = "openai-responses"
Place = tuple[int, int | None]
"""The ``output_index`` of an item, and the ``content_index`` of a message's part."""

_SILENT: Final = frozenset({"mcp_list_tools", "compaction"})
"""Items that are no part of the answer."""

_DELTAS: Final[dict[str, type[Text | Refusal | Thinking | ToolCall]]] = {
    "response.output_text.delta": Text,
    "response.refusal.delta": Refusal,
    "response.reasoning_summary_text.delta": Thinking,
    "response.reasoning_text.delta": Thinking,
    "response.reasoning.delta": Thinking,  # vLLM's
    "response.function_call_arguments.delta": ToolCall,
    "response.custom_tool_call_input.delta": ToolCall,
}
_DONE: Final[dict[str, type[Text | Refusal | ToolCall]]] = {
    "response.output_text.done": Text,
    "response.refusal.done": Refusal,
    "response.function_call_arguments.done": ToolCall,
    "response.custom_tool_call_input.done": ToolCall,
}
_SUMMARY_ADDED: Final = "response.reasoning_summary_part.added"
_CONTENT_DONE: Final = "response.content_part.done"
_CUSTOM: Final = "custom_tool_call"
_PARAGRAPH: Final = "\n\n"
_EMPTY: Final[dict[type[Part], Part]] = {
    Text: Text(""),
    Refusal: Refusal(""),
    Thinking: Thinking(""),
    ToolCall: ToolCall("", "", ""),
}
_CONTENTS: Final[dict[str | None, type[Text | Refusal]]] = {"output_text": Text, "text": Text, "refusal": Refusal}


class StreamDecoder(StreamRelay):
    """Reads finish, usage and errors as the relay does, and what the relay passes on as parts.

    The ``extensions`` of a part have its place on the wire: ``output_index``, and in a message ``content_index``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._half_pairs = HalfPairs()
        self._parts = _Parts()

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._joined(super().feed(data))

    def close(self) -> list[StreamEvent]:
        return self._joined(super().close())

    def _joined(self, events: list[StreamEvent]) -> list[StreamEvent]:
        return self._half_pairs.joined(events) if self._half_pairs.seen else events

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        relayed: list[StreamEvent] = []
        super()._read_frame(frame, relayed)
        for event in relayed:
            if not isinstance(event, Relayed):
                events.append(event)
            elif data := payload_of(frame):
                events += self._parts.read(wire.event_in(data, self._half_pairs))


class _OpenPart:
    """``said`` is its text so far, as the wire has it. The text of a custom call is the ``input`` of a JSON object."""

    def __init__(self, index: int, *, custom: bool) -> None:
        self.index = index
        self.said = ""
        self.is_open = True
        self._custom = custom

    def add(self, text: str) -> Iterator[StreamEvent]:
        if text:
            self.said += text
            yield Delta(self.index, _inside_json(text) if self._custom else text)

    def add_rest(self, whole: str) -> Iterator[StreamEvent]:
        """What of the whole text no delta had."""
        if whole.startswith(self.said):
            yield from self.add(whole[len(self.said) :])

    def end(self, signature: str | None = None) -> Iterator[StreamEvent]:
        if self.is_open:
            self.is_open = False
            if self._custom:
                yield Delta(self.index, '"}')
            yield PartEnd(self.index, signature=signature)


class _Parts:
    """Items are known by their place: a vendor may give an item another id in each of its events."""

    def __init__(self) -> None:
        self._started = False
        self._parts: dict[Place, _OpenPart] = {}
        self._contents: dict[int, list[_OpenPart]] = {}  # of each message
        self._thoughts: dict[int, Thinking] = {}  # the items that have said nothing yet

    def read(self, event: wire.Event) -> Iterator[StreamEvent]:
        if event.response is not None and not self._started:
            self._started = True
            created = event.response.created_at
            yield Start(
                text_in(event.response.id),
                text_in(event.response.model),
                int(created) if isinstance(created, int | float) else 0,
            )
        kind, output = event.type or "", event.output_index or 0
        if kind in _DELTAS:
            yield from self._add(event, output, _DELTAS[kind])
        elif kind in _DONE:
            yield from self._whole(event, output, _DONE[kind])
        elif event.item is not None:
            yield from self._read_item(event.item, output, done=kind == "response.output_item.done")
        elif event.part is not None:
            yield from self._read_part(event, event.part, output)

    def _add(
        self, event: wire.Event, output: int, kind: type[Text | Refusal | Thinking | ToolCall]
    ) -> Iterator[StreamEvent]:
        place = output, (event.content_index or 0) if kind in (Text, Refusal) else None
        if place not in self._parts:
            empty = _EMPTY[kind]
            yield self._begin(place, self._thoughts.get(output, empty) if kind is Thinking else empty)
        yield from self._parts[place].add(text_in(event.delta))

    def _whole(self, event: wire.Event, output: int, kind: type[Text | Refusal | ToolCall]) -> Iterator[StreamEvent]:
        place = output, None if kind is ToolCall else event.content_index or 0
        if place in self._parts:
            part = self._parts[place]
            text = text_in(event.text) or text_in(event.refusal) or text_in(event.arguments) or text_in(event.input)
            yield from part.add_rest(text)
            yield from part.end()

    def _read_part(self, event: wire.Event, part: wire.Part, output: int) -> Iterator[StreamEvent]:
        """A part begins or ends. Each part of a summary but the first is a paragraph more of its thought."""
        yield from self._read_content(part, (output, event.content_index or 0), done=event.type == _CONTENT_DONE)
        thought = self._parts.get((output, None))
        if thought is not None and thought.said and event.summary_index and event.type == _SUMMARY_ADDED:
            yield from thought.add(_PARAGRAPH)

    def _read_content(self, part: wire.Part, place: Place, *, done: bool) -> Iterator[StreamEvent]:
        content = _CONTENTS.get(part.type)
        if content is None:
            return
        if place not in self._parts:
            yield self._begin(place, content(""))
        yield from self._parts[place].add_rest(text_in(part.text) or text_in(part.refusal))
        if done:
            yield from self._parts[place].end()

    def _read_item(self, item: wire.Item, output: int, *, done: bool) -> Iterator[StreamEvent]:
        if item.type == "message":
            for number, part in enumerate(parts_in(item.content)):
                yield from self._read_content(part, (output, number), done=done)
            if done:
                for open_part in self._contents.pop(output, ()):
                    yield from open_part.end()
        elif item.type == "reasoning" and not (done or _text_of(item)):
            self._thoughts[output] = Thinking("", text_in(item.encrypted_content) or None)
        elif item.type not in _SILENT:
            yield from self._read_text_of(item, (output, None), done=done)

    def _read_text_of(self, item: wire.Item, place: Place, *, done: bool) -> Iterator[StreamEvent]:
        """A thought, a search or a call, which has one text. What another tool of the provider does is a call, too:
        nobody else knows what it found.
        """
        if place not in self._parts:
            yield self._begin(place, _part_of(item), custom=item.type == _CUSTOM)
        part = self._parts[place]
        yield from part.add_rest(_text_of(item))
        if done:
            yield from part.end((text_in(item.encrypted_content) or None) if item.type == "reasoning" else None)

    def _begin(self, place: Place, part: Part, *, custom: bool = False) -> PartStart:
        index = len(self._parts)
        new = self._parts[place] = _OpenPart(index, custom=custom)
        if place[1] is not None:
            self._contents.setdefault(place[0], []).append(new)
        return PartStart(index, msgspec.structs.replace(part, extensions=_extensions(place)))


def _part_of(item: wire.Item) -> Thinking | Search | ToolCall:
    if item.type == "reasoning":
        return Thinking("", text_in(item.encrypted_content) or None)
    if item.type == "web_search_call":
        return _search(item)
    call_id = text_in(item.call_id) or text_in(item.id)
    return ToolCall(call_id, text_in(item.name) or item.type or "", '{"input":"' if item.type == _CUSTOM else "")


def _text_of(item: wire.Item) -> str:
    if item.type == "reasoning":
        said = parts_in(item.summary) or parts_in(item.content)
        return _PARAGRAPH.join([text_in(part.text) for part in said])
    return text_in(item.input if item.type == _CUSTOM else item.arguments)


def _search(item: wire.Item) -> Search:
    action: dict[str, Any] = item.action if isinstance(item.action, dict) else {}
    queries = action.get("queries") or [action.get("query")]
    sources = action.get("sources") or [action]
    return Search(
        text_in(item.id),
        tuple([query for query in queries if isinstance(query, str)]) if isinstance(queries, list) else (),
        tuple([Source(source["url"]) for source in sources if isinstance(source, dict) and text_in(source.get("url"))])
        if isinstance(sources, list)
        else (),
    )


def _extensions(place: Place) -> Extensions:
    output, content = place
    fields = {"output_index": Raw(b"%d" % output)}
    return {NAMESPACE: fields if content is None else fields | {"content_index": Raw(b"%d" % content)}}


def _inside_json(text: str) -> str:
    """``text`` as it stands in a JSON string."""
    return msgspec.json.encode(text)[1:-1].decode()
