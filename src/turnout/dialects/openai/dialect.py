"""OpenAI's dialect. Each of its endpoints has a module or package beside this one."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.dialects import ServedModel
from turnout.errors import TurnoutError

from .audio import Speech, Transcriptions, Translations
from .chat import ChatCompletions
from .completions import Completions
from .embeddings import EmbeddingsEndpoint
from .errors import error_body
from .images import ImageEdits, ImageGenerations
from .model_list import model_body, models_body
from .responses import Compact, InputTokens, Responses


class OpenAI:
    name = "openai"
    key_headers = ("authorization", "api-key")  # api-key: Azure's
    key_query = None
    endpoints = (
        ChatCompletions(),
        Responses(),
        InputTokens(),
        Compact(),
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
        return models_body(models)

    def model(self, model: ServedModel) -> bytes:
        return model_body(model)
