"""Ollama's dialect: its endpoints, errors and model lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from turnout.dialects import ServedModel
from turnout.errors import TurnoutError

from .chat import Chat
from .embed import Embed, EmbedOne
from .errors import error_body
from .generate import Generate


class Ollama:
    name = "ollama"
    key_headers = ("authorization",)
    key_query = None
    endpoints = (Chat(), Generate(), Embed(), EmbedOne())

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        """The reply to ``GET /api/tags`` (https://docs.ollama.com/api/tags)."""
        return msgspec.json.encode({"models": [_model(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        """A row of that list, by itself."""
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, Any]:
    """Clients read every field, and some show 12 digits of ``digest``. There is no file, so it is the name's digest."""
    return {
        "name": model.id,
        "model": model.id,
        "modified_at": datetime.fromtimestamp(model.created, UTC),
        "size": 0,
        "digest": sha256(model.id.encode()).hexdigest(),
        "details": _details_of(model.provider) if model.details is None else model.details,
    }


def _details_of(provider: str) -> dict[str, Any]:
    """The details of a model that no Ollama serves: only its provider is known."""
    family = {"format": "", "family": provider, "families": [provider]}
    return {"parent_model": "", **family, "parameter_size": "", "quantization_level": ""}
