"""The dialect itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.core import Answer, ChatRequest
from turnout.dialects import Renderer, ReplyContext, ServedModel
from turnout.errors import TurnoutError

from . import parse, render


class OpenAIChat:
    name = "openai"
    wire = parse.WIRE
    paths = ("/v1/chat/completions",)
    key_headers = ("authorization", "api-key")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes) -> ChatRequest:
        return parse.parse(body)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return render.ChunkRenderer(context, request.stream_usage)

    def body(self, answer: Answer, context: ReplyContext) -> bytes:
        return render.completion_body(answer, context)

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return render.error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return msgspec.json.encode({"object": "list", "data": [_model(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, object]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.provider}
