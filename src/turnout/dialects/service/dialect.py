"""The dialects of the service APIs, with the endpoints of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.dialects import Endpoint, ServedModel
from turnout.dialects.failures import code_of, param_of
from turnout.errors import AllDeploymentsFailed, TurnoutError

from .audio import Audio
from .embedding import Embedding
from .image import Images
from .task import Infer
from .text import Generation


class _Service:
    """The errors and model lists that the service APIs share."""

    name: str
    key_headers = ("authorization", "x-api-key")
    key_query = None
    endpoints: tuple[Endpoint[Any, Any], ...]

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        """Clients of a FastAPI service read ``detail``. ``error`` has the other fields."""
        fields: dict[str, Any] = {
            "code": code_of(error),
            "message": error.message,
            "param": param_of(error),
            "request_id": request_id,
        }
        if isinstance(error, AllDeploymentsFailed):
            fields["failures"] = [
                {"deployment": deployment, "code": failure.code, "message": failure.message}
                for deployment, failure in error.failures
            ]
        return msgspec.json.encode({"detail": error.message, "error": fields})

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return msgspec.json.encode({"models": [_row(model) for model in models]})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_row(model))


class Orchestration(_Service):
    name = "orchestration"
    endpoints = (
        Generation("orchestration-chat", "/api/models/chat", "content"),
        Generation("orchestration-completion", "/api/models/completion", "text"),
        Embedding("orchestration-embedding", "/api/models/embedding", "input", total_cost_only=False),
        Images("orchestration-image", "/api/models/image"),
        Audio("orchestration-transcription", "/api/models/audio/transcription", translate=False),
        Audio("orchestration-translation", "/api/models/audio/translation", translate=True),
    )


class ModelService(_Service):
    name = "model_service"
    endpoints = (
        Generation("model-service-generate", "/v1/llm/generate", "response"),
        Embedding("model-service-embeddings", "/v1/llm/generate-embeddings", "texts", total_cost_only=True),
    )


class Task(_Service):
    name = "task"
    endpoints = (Infer(),)


def _row(model: ServedModel) -> dict[str, str]:
    return {"id": model.id, "provider": model.provider}
