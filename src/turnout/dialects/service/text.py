"""Generation of text: ``/api/models/chat``, ``/api/models/completion``, ``/v1/llm/generate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Answer,
    ChatRequest,
    Delta,
    PartStart,
    Relayed,
    Seam,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    fold,
)
from turnout.dialects import HERE, SSE_COMMENT, Renderer, ReplyContext, Target
from turnout.dialects.failures import code_of
from turnout.errors import TurnoutError

from .cost import cost_fields, usage_fields
from .openai_fields import chat_request

_encode = msgspec.json.encode


class Generation:
    """``text_field`` is the reply's field with the answer's text."""

    relayed_headers: frozenset[bytes] = frozenset()
    operation = ChatRequest.operation

    def __init__(self, wire: str, path: str, text_field: str) -> None:
        self.wire = wire
        self.paths = (path,)
        self._text_field = text_field

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        return chat_request(body, self.wire)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return PieceRenderer(context, self._text_field)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return _encode(reply_fields(answer, context, self._text_field))


def reply_fields(answer: Answer, context: ReplyContext, text_field: str) -> dict[str, Any]:
    parts = answer.choices[0].parts if answer.choices else ()
    finish = answer.choices[0].finish if answer.choices else None
    text = "".join(part.text for part in parts if isinstance(part, Text))
    message: dict[str, Any] = {"role": "assistant", "content": text}
    thoughts = "".join(part.text for part in parts if isinstance(part, Thinking))
    if thoughts:
        message["reasoning"] = thoughts
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    return {
        "id": context.request_id,
        "model": context.model,
        "provider": context.facts().provider if context.facts else None,
        text_field: text,
        "message": message,
        "finish_reason": finish.reason if finish else None,
        "usage": usage_fields(answer.usage),
        "cost": cost_fields(context, answer.usage),
    }


class PieceRenderer:
    """Server-sent events: the text in pieces, then the whole reply with ``"done": true``."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, context: ReplyContext, text_field: str) -> None:
        self._context = context
        self._text_field = text_field
        self._events: list[StreamEvent] = []
        self._fields: dict[tuple[int, int], str] = {}  # (choice, part) → the event's field

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        for event in events:
            if isinstance(event, Seam):
                self.feed(event.relayed)
        self._events += [event for event in events if not isinstance(event, Relayed | Seam)]
        return b"".join([self._piece(event) for event in events])

    def close(self) -> bytes:
        reply = reply_fields(fold(self._events), self._context, self._text_field)
        return b"data: %s\n\n" % _encode(reply | {"done": True})

    def fail(self, error: TurnoutError) -> bytes:
        error_fields = {"code": code_of(error), "message": error.message, "request_id": self._context.request_id}
        return b"data: %s\n\n" % _encode({"error": error_fields, "done": False})

    def _piece(self, event: StreamEvent) -> bytes:
        match event:
            case PartStart(index=index, choice=choice, part=Text(text=text)):
                self._fields[choice, index] = self._text_field
            case PartStart(index=index, choice=choice, part=Thinking(text=text)):
                self._fields[choice, index] = "reasoning"
            case Delta(index=index, choice=choice, text=text):
                pass
            case Relayed(data=data):
                return data
            case _:
                return b""
        field = self._fields.get((choice, index))
        return b"data: %s\n\n" % _encode({field: text}) if field and text and choice == 0 else b""
