"""The paths and headers of OpenAI's and Azure's clients. Azure's may have the model in the path."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from turnout.dialects import Target
from turnout.dialects.parsing import decode_fields

HEADERS: Final = frozenset(
    {
        b"idempotency-key",
        b"openai-beta",
        b"originator",
        b"session_id",
        b"x-client-request-id",
        b"x-openai-subagent",
    }
)
"""Headers that OpenAI gives a meaning: those of its SDKs and of Codex
(https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py,
https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/requests/headers.rs). An organization or a project
belongs to a key, so it is the deployment's.
"""


def paths_of(path: str) -> tuple[str, ...]:
    """``path`` below ``/v1``, and below both of Azure's prefixes.

    https://learn.microsoft.com/azure/ai-foundry/openai/reference
    """
    return f"/v1/{path}", f"/openai/v1/{path}", f"/openai/deployments/{{model}}/{path}"


def with_model(body: bytes, target: Target) -> bytes:
    """``body`` with the model of the path in place of its own. A path without a model changes nothing."""
    if not target.model:
        return body
    return msgspec.json.encode(decode_fields(body) | {"model": Raw(msgspec.json.encode(target.model))})
