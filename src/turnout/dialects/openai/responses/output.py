"""The items of an output while they are being made: each says its events, and what it is in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Extensions, Image, RedactedThinking, Refusal, Text, Thinking, TokenLogprob, ToolCall
from turnout.dialects.logprobs import tokens_with_alternatives

from .envelope import Attached, seal
from .events import Events

_encode = msgspec.json.encode


class Item:
    """``whole`` is its JSON, once it is done. ``kind`` begins its id."""

    kind = ""

    def __init__(self, events: Events, number: int, item_id: str) -> None:
        self.whole: Raw | None = None
        self._events = events
        self._id = item_id
        self._at = {"output_index": number, "item_id": item_id}
        self._number = number

    def _added(self, item: dict[str, Any]) -> bytes:
        fields = {"output_index": self._number, "item": {"id": self._id, **item}}
        return self._events.say("response.output_item.added", fields)

    def _done(self, item: dict[str, Any]) -> bytes:
        self.whole = Raw(_encode({"id": self._id, **item}))
        return self._events.say("response.output_item.done", {"output_index": self._number, "item": self.whole})


class Piece:
    """One text that grows: of a message's content, of a summary, of a call's arguments."""

    def __init__(self, events: Events, name: str, place: dict[str, Any], more: bytes = b"") -> None:
        self._delta = events.delta(f"response.{name}.delta", place, more)
        self._texts: list[str] = []
        self._next = events.next

    def add(self, text: str) -> bytes:
        self._texts.append(text)
        return self._delta % (self._next(), _encode(text))

    @property
    def text(self) -> str:
        return "".join(self._texts)


class _TextPiece(Piece):
    """Its deltas may have the likelihoods of their tokens."""

    def __init__(self, events: Events, place: dict[str, Any]) -> None:
        super().__init__(events, "output_text", place, b',"logprobs":[]')
        self._with_logprobs = events.delta("response.output_text.delta", place, b',"logprobs":%s')
        self.logprobs: list[dict[str, Any]] = []

    def add_with(self, text: str, tokens: Sequence[TokenLogprob]) -> bytes:
        told = tokens_with_alternatives(tokens)
        self.logprobs += told
        self._texts.append(text)
        return self._with_logprobs % (self._next(), _encode(text), _encode(told))


class MessageItem(Item):
    """A message of texts and refusals. It ends when it is ``sealed`` and all of its parts have ended."""

    kind = "msg"

    def __init__(self, events: Events, number: int, item_id: str) -> None:
        super().__init__(events, number, item_id)
        self._contents: list[dict[str, Any] | None] = []
        self._open = 0
        self._status: str | None = None

    def begin(self) -> bytes:
        return self._added({"type": "message", "status": "in_progress", "role": "assistant", "content": []})

    def open(self, part: Text | Refusal) -> tuple[ContentPart, bytes]:
        content = ContentPart(self._events, self, {**self._at, "content_index": len(self._contents)}, part)
        self._contents.append(None)
        self._open += 1
        return content, content.begin()

    def closed(self, content: ContentPart, whole: dict[str, Any]) -> bytes:
        self._contents[content.index] = whole
        self._open -= 1
        return b"" if self._status is None else self.seal(self._status)

    def seal(self, status: str) -> bytes:
        """Nothing more will be opened in it."""
        self._status = status
        if self._open or self.whole is not None:
            return b""
        return self._done({"type": "message", "status": status, "role": "assistant", "content": self._contents})


class ContentPart:
    """A text or a refusal in a message."""

    def __init__(self, events: Events, message: MessageItem, place: dict[str, Any], part: Text | Refusal) -> None:
        self.index: int = place["content_index"]
        self._events = events
        self._message = message
        self._place = place
        self._refusal = isinstance(part, Refusal)
        self._piece = Piece(events, "refusal", place) if self._refusal else _TextPiece(events, place)

    def begin(self) -> bytes:
        return self._events.say("response.content_part.added", {**self._place, "part": self._part()})

    def add(self, text: str, tokens: Sequence[TokenLogprob] = ()) -> bytes:
        if tokens and isinstance(self._piece, _TextPiece):
            return self._piece.add_with(text, tokens)
        return self._piece.add(text)

    def end(self) -> bytes:
        part, say = self._part(), self._events.say
        if self._refusal:
            done = say("response.refusal.done", {**self._place, "refusal": part["refusal"]})
        else:
            told = {**self._place, "text": part["text"], "logprobs": part["logprobs"]}
            done = say("response.output_text.done", told)
        done += say("response.content_part.done", {**self._place, "part": part})
        return done + self._message.closed(self, part)

    def _part(self) -> dict[str, Any]:
        if isinstance(self._piece, _TextPiece):
            text, logprobs = self._piece.text, self._piece.logprobs
            return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}
        return {"type": "refusal", "refusal": self._piece.text}


class ReasoningItem(Item):
    """What was thought, as a summary. The part itself is sealed in it where its provider wants it back."""

    kind = "rs"

    def __init__(self, events: Events, number: int, item_id: str) -> None:
        super().__init__(events, number, item_id)
        self._place = {**self._at, "summary_index": 0}
        self._piece: Piece | None = None

    def begin(self) -> bytes:
        return self._added({"type": "reasoning", "summary": []})

    def add(self, text: str) -> bytes:
        begun = b""
        if self._piece is None:
            self._piece = Piece(self._events, "reasoning_summary_text", self._place)
            part = {"type": "summary_text", "text": ""}
            begun = self._events.say("response.reasoning_summary_part.added", {**self._place, "part": part})
        return begun + self._piece.add(text)

    def end(self, signature: str | None, extensions: Extensions) -> bytes:
        text, done = "", b""
        if self._piece is not None:
            text = self._piece.text
            part = {"type": "summary_text", "text": text}
            done = self._events.say("response.reasoning_summary_text.done", {**self._place, "text": text})
            done += self._events.say("response.reasoning_summary_part.done", {**self._place, "part": part})
        carried = Thinking(text, signature, extensions) if signature or extensions else None
        return done + self.carry(carried, text)

    def carry(self, carried: Thinking | RedactedThinking | Text | Attached | None, text: str = "") -> bytes:
        item: dict[str, Any] = {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": text}] if text else [],
        }
        return self._done(item if carried is None else item | {"encrypted_content": seal(carried)})


class CallItem(Item):
    kind = "fc"

    def begin(self, call: ToolCall) -> bytes:
        self._call = {"type": "function_call", "status": "in_progress", "call_id": call.id, "name": call.name}
        self._piece = Piece(self._events, "function_call_arguments", self._at)
        return self._added({**self._call, "arguments": ""})

    def add(self, text: str) -> bytes:
        return self._piece.add(text)

    def end(self) -> bytes:
        arguments = self._piece.text
        told = {**self._at, "name": self._call["name"], "arguments": arguments}
        done = self._events.say("response.function_call_arguments.done", told)
        return done + self._done({**self._call, "status": "completed", "arguments": arguments})


class ImageItem(Item):
    """A picture in an answer, in the form that OpenAI's own tool gives them."""

    kind = "ig"

    def begin(self, image: Image) -> bytes:
        item = {"type": "image_generation_call", "status": "completed", "result": image.data}
        return self._added(item) + self._done(item)
