"""The Messages endpoint."""

from __future__ import annotations

from turnout.core import Answer, ChatRequest
from turnout.dialects import HERE, Renderer, ReplyContext, Target

from . import parse
from .reply import message_body
from .stream import EventRenderer


class Messages:
    wire = parse.WIRE
    operation = ChatRequest.operation
    paths = ("/v1/messages",)
    relayed_headers = frozenset({b"anthropic-beta", b"anthropic-version"})

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        return parse.parse(body)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return EventRenderer(context, thinks=_thinks(request))

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return message_body(answer, context, thinks=_thinks(request))


def _thinks(request: ChatRequest) -> bool:
    return request.reasoning is not None and request.reasoning.enabled
