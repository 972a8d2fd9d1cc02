"""The dialect itself: a folder or file beside this one for each of its endpoints."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.dialects import ServedModel
from turnout.errors import TurnoutError

from .audio import Speech, Transcriptions, Translations
from .chat import ChatCompletions
from .completions import Completions
from .embeddings import EmbeddingsEndpoint
from .errors import error_body
from .images import ImageEdits, ImageGenerations
from .responses import Responses


class OpenAI:
    name = "openai"
    key_headers = ("authorization", "api-key")  # api-key: Azure's
    key_query = None
    endpoints = (
        ChatCompletions(),
        Responses(),
        Completions(),
        EmbeddingsEndpoint(),
        ImageGenerations(),
        ImageEdits(),
        Transcriptions(),
        Translations(),
        Speech(),
    )

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return msgspec.json.encode({"object": "list", "data": [_model(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, object]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.provider}
