"""Gemini's dialect: its endpoints, errors and model lists."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.dialects import ServedModel
from turnout.errors import TurnoutError

from .count import CountTokens
from .embed import BatchEmbedContents, EmbedContent
from .errors import error_body
from .generate import GenerateContent


class Gemini:
    name = "gemini"
    key_headers = ("x-goog-api-key",)
    key_query = "key"
    endpoints = (
        GenerateContent("generateContent", stream=False),
        GenerateContent("streamGenerateContent", stream=True),
        EmbedContent(),
        BatchEmbedContents(),
        CountTokens(),
    )

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return msgspec.json.encode({"models": [_model(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, object]:
    row: dict[str, object] = {
        "name": f"models/{model.id}",
        "baseModelId": model.id,
        "version": "1",
        "displayName": model.id,
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent"],
    }
    limits = {"inputTokenLimit": model.context, "outputTokenLimit": model.max_output}
    return row | {name: limit for name, limit in limits.items() if limit is not None}
