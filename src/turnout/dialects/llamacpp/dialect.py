"""The dialect itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.dialects import ServedModel
from turnout.errors import TurnoutError

from .completion import Completion
from .reply import error_body


class LlamaCpp:
    name = "llamacpp"
    key_headers = ("authorization", "x-api-key")
    key_query = None
    endpoints = (Completion(),)

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        """llama.cpp lists its model as OpenAI does."""
        return msgspec.json.encode({"object": "list", "data": [_model(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.provider}
