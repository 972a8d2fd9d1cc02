"""Model lists in the form of OpenAI, llama.cpp and vLLM (https://platform.openai.com/docs/api-reference/models)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.dialects import ServedModel


def models_body(models: Sequence[ServedModel]) -> bytes:
    return msgspec.json.encode({"object": "list", "data": [_row(model) for model in models]})


def model_body(model: ServedModel) -> bytes:
    return msgspec.json.encode(_row(model))


def _row(model: ServedModel) -> dict[str, object]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.provider}
