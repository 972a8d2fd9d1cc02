"""Anthropic's dialect: its endpoints, errors and model lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from turnout.dialects import HasOwnStatuses, ServedModel
from turnout.errors import TurnoutError

from .count import CountTokens
from .errors import error_body, status_of
from .messages import Messages


class Anthropic(HasOwnStatuses):
    name = "anthropic"
    key_headers = ("x-api-key", "authorization")
    key_query = None
    endpoints = (Messages(), CountTokens())

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def status(self, error: TurnoutError) -> int:
        return status_of(error)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        rows = [_model(model) for model in models]
        ends = {"first_id": models[0].id, "last_id": models[-1].id} if models else {"first_id": None, "last_id": None}
        return msgspec.json.encode({"data": rows, "has_more": False, **ends})

    def model(self, model: ServedModel) -> bytes:
        return msgspec.json.encode(_model(model))


def _model(model: ServedModel) -> dict[str, object]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": datetime.fromtimestamp(model.created, UTC),
        "lifecycle": "active",
    }
