"""The Chat Completions endpoint."""

from __future__ import annotations

from turnout.core import Answer, ChatRequest
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.openai.paths import HEADERS, paths_of, with_model

from . import parse, render


class ChatCompletions:
    wire = parse.WIRE
    operation = ChatRequest.operation
    paths = paths_of("chat/completions")
    relayed_headers = HEADERS

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        return parse.parse(with_model(body, target))

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return render.ChunkRenderer(request, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return render.completion_body(request, answer, context)
