"""The items of an output while they arrive. Each writes its events, and is whole at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Citation, Extensions, Image, RedactedThinking, Refusal, Text, Thinking, TokenLogprob
from turnout.dialects.logprobs import tokens_with_alternatives
from turnout.dialects.sealed import Attached, seal

from .annotations import annotations_of
from .event_writer import EventWriter

_encode = msgspec.json.encode


class Item:
    """``whole`` is its JSON after its end. Its id begins with ``kind``. ``number`` is its place in the output.

    ``relayed`` are the fields of an item that another provider began: its end has them, too.
    """

    kind = ""

    def __init__(self, writer: EventWriter, number: int, item_id: str) -> None:
        self.whole: Raw | None = None
        self.number = number
        self.relayed: Mapping[str, Raw] = {}
        self._writer = writer
        self._id = item_id
        self._place = {"output_index": number, "item_id": item_id}

    def _added(self, item: dict[str, Any]) -> bytes:
        fields = {"output_index": self.number, "item": {"id": self._id, **item}}
        return self._writer.write("response.output_item.added", fields)

    def _done(self, item: dict[str, Any]) -> bytes:
        self.whole = Raw(_encode({"id": self._id, **self.relayed, **item}))
        return self._writer.write("response.output_item.done", {"output_index": self.number, "item": self.whole})

    def break_off(self) -> bytes:
        """The end of a relayed item that nobody goes on with."""
        return self._done({"status": "failed"} if "status" in self.relayed else {})


class GrowingText:
    """A text that arrives in pieces: a message's content, a summary, or a call's arguments."""

    def __init__(self, writer: EventWriter, name: str, place: dict[str, Any], other_members: bytes = b"") -> None:
        self._delta = writer.delta_template(f"response.{name}.delta", place, other_members)
        self._texts: list[str] = []
        self._next_number = writer.next_number

    def resume(self, text: str) -> None:
        """The client has ``text``."""
        self._texts.append(text)

    def add(self, text: str) -> bytes:
        self._texts.append(text)
        return self._delta % (self._next_number(), _encode(text))

    @property
    def text(self) -> str:
        return "".join(self._texts)


class _OutputText(GrowingText):
    """Its deltas may have the log probabilities of their tokens."""

    def __init__(self, writer: EventWriter, place: dict[str, Any]) -> None:
        super().__init__(writer, "output_text", place, b',"logprobs":[]')
        self._with_logprobs = writer.delta_template("response.output_text.delta", place, b',"logprobs":%s')
        self.logprobs: list[dict[str, Any] | Raw] = []

    def add_with(self, text: str, tokens: Sequence[TokenLogprob]) -> bytes:
        fields = tokens_with_alternatives(tokens)
        self.logprobs += fields
        self._texts.append(text)
        return self._with_logprobs % (self._next_number(), _encode(text), _encode(fields))


class MessageItem(Item):
    """A message of texts and refusals. It ends after ``seal``, when all of its parts have ended."""

    kind = "msg"

    def __init__(self, writer: EventWriter, number: int, item_id: str) -> None:
        super().__init__(writer, number, item_id)
        self._contents: dict[int, dict[str, Any] | Raw] = {}
        self._next = 0  # the next part's index
        self._open = 0
        self._status: str | None = None

    def begin(self) -> bytes:
        return self._added({"type": "message", "status": "in_progress", "role": "assistant", "content": []})

    def open(self, part: Text | Refusal) -> tuple[ContentPart, bytes]:
        content = self.reopen(self._next, part)
        return content, content.begin()

    def reopen(self, index: int, part: Text | Refusal) -> ContentPart:
        """A part that the client knows to have begun."""
        self._next = max(self._next, index + 1)
        self._open += 1
        return ContentPart(self._writer, self, {**self._place, "content_index": index}, part)

    def keep(self, index: int, whole: Raw) -> None:
        """A part that the client has."""
        self._next = max(self._next, index + 1)
        self._contents[index] = whole

    def closed(self, content: ContentPart, whole: dict[str, Any]) -> bytes:
        self._contents[content.index] = whole
        self._open -= 1
        return b"" if self._status is None else self.seal(self._status)

    def seal(self, status: str) -> bytes:
        """Accepts no more parts. Returns the end of the message when all of its parts have ended."""
        self._status = status
        if self._open or self.whole is not None:
            return b""
        contents = [self._contents[index] for index in sorted(self._contents)]
        return self._done({"type": "message", "status": status, "role": "assistant", "content": contents})


class ContentPart:
    """A text or a refusal in a message."""

    def __init__(self, writer: EventWriter, message: MessageItem, place: dict[str, Any], part: Text | Refusal) -> None:
        self.index: int = place["content_index"]
        self._writer = writer
        self._message = message
        self._place = place
        self._annotations: list[dict[str, Any] | Raw] = []
        self._refusal = isinstance(part, Refusal)
        self._growing_text = GrowingText(writer, "refusal", place) if self._refusal else _OutputText(writer, place)

    def begin(self) -> bytes:
        return self._writer.write("response.content_part.added", {**self._place, "part": self._part()})

    def resume(self, text: str, annotations: Sequence[Raw], logprobs: Sequence[Raw]) -> None:
        """The client has these."""
        self._growing_text.resume(text)
        self._annotations += annotations
        if isinstance(self._growing_text, _OutputText):
            self._growing_text.logprobs += logprobs

    def add(self, text: str, tokens: Sequence[TokenLogprob] = ()) -> bytes:
        if tokens and isinstance(self._growing_text, _OutputText):
            return self._growing_text.add_with(text, tokens)
        return self._growing_text.add(text)

    def end(self, citations: Sequence[Citation] = ()) -> bytes:
        annotated = self._annotate(citations) if citations else b""
        part, write = self._part(), self._writer.write
        if self._refusal:
            done = write("response.refusal.done", {**self._place, "refusal": part["refusal"]})
        else:
            fields = {**self._place, "text": part["text"], "logprobs": part["logprobs"]}
            done = write("response.output_text.done", fields)
        return annotated + done + self.close()

    def close(self) -> bytes:
        """The end of the part, after that of its text."""
        part = self._part()
        done = self._writer.write("response.content_part.done", {**self._place, "part": part})
        return done + self._message.closed(self, part)

    def _annotate(self, citations: Sequence[Citation]) -> bytes:
        annotations = annotations_of(citations, len(self._growing_text.text))
        events = [
            {**self._place, "annotation_index": number, "annotation": annotation}
            for number, annotation in enumerate(annotations, len(self._annotations))
        ]
        self._annotations += annotations
        return b"".join([self._writer.write("response.output_text.annotation.added", event) for event in events])

    def _part(self) -> dict[str, Any]:
        if isinstance(self._growing_text, _OutputText):
            text, logprobs = self._growing_text.text, self._growing_text.logprobs
            return {"type": "output_text", "text": text, "annotations": self._annotations, "logprobs": logprobs}
        return {"type": "refusal", "refusal": self._growing_text.text}


class ReasoningItem(Item):
    """A thought as a summary. ``encrypted_content`` holds the part when its provider needs it again."""

    kind = "rs"

    def __init__(self, writer: EventWriter, number: int, item_id: str) -> None:
        super().__init__(writer, number, item_id)
        self._place = {**self._place, "summary_index": 0}
        self._growing_text: GrowingText | None = None

    def begin(self) -> bytes:
        return self._added({"type": "reasoning", "summary": []})

    def add(self, text: str) -> bytes:
        start_events = b""
        if self._growing_text is None:
            self._growing_text = GrowingText(self._writer, "reasoning_summary_text", self._place)
            part = {"type": "summary_text", "text": ""}
            start_events = self._writer.write("response.reasoning_summary_part.added", {**self._place, "part": part})
        return start_events + self._growing_text.add(text)

    def end(self, signature: str | None, extensions: Extensions) -> bytes:
        text, done = "", b""
        if self._growing_text is not None:
            text = self._growing_text.text
            part = {"type": "summary_text", "text": text}
            done = self._writer.write("response.reasoning_summary_text.done", {**self._place, "text": text})
            done += self._writer.write("response.reasoning_summary_part.done", {**self._place, "part": part})
        state = Thinking(text, signature, extensions) if signature or extensions else None
        return done + self.end_with_state(state, text)

    def end_with_state(self, state: Thinking | RedactedThinking | Text | Attached | None, text: str = "") -> bytes:
        item: dict[str, Any] = {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": text}] if text else [],
        }
        return self._done(item if state is None else item | {"encrypted_content": seal(state)})


class ImageItem(Item):
    """An image of an answer, in the form of OpenAI's own image tool."""

    kind = "ig"

    def begin(self, image: Image) -> bytes:
        item = {"type": "image_generation_call", "status": "completed", "result": image.data}
        return self._added(item) + self._done(item)
