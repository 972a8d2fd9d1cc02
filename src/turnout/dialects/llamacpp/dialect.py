"""llama.cpp's dialect: its endpoint, errors and model lists."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.dialects import ServedModel
from turnout.dialects.openai.model_list import model_body, models_body
from turnout.errors import TurnoutError

from .completion import Completion
from .errors import error_body


class LlamaCpp:
    name = "llamacpp"
    key_headers = ("authorization", "x-api-key")
    key_query = None
    endpoints = (Completion(),)

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return models_body(models)

    def model(self, model: ServedModel) -> bytes:
        return model_body(model)
