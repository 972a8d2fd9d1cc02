"""What a provider was not sent is told in ``x-turnout-dropped``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.backends import SIMULATOR, Backend
from tests.e2e.clients import Client
from tests.e2e.stage import Stage

PLACES = {backend.provider: backend for backend in SIMULATOR}


async def dropped(stage: Stage, dialect: str, backend: Backend, **fields: Any) -> str | None:
    sdk = Client(dialect, stage.turnout.url).sdk
    call = sdk.chat.completions if dialect == "openai" else sdk.messages
    raw = await call.with_raw_response.create(**{"model": backend.model, **fields})
    header: str | None = raw.headers.get("x-turnout-dropped")
    return header


NAMED = {"role": "user", "content": "hi", "name": "bob"}
ODD = NAMED | {"weather": "fine"}


@pytest.mark.parametrize(
    ("provider", "message", "expected"),
    [
        ("openai", NAMED, None),
        ("anthropic", ODD, "seed, metadata, store, messages[0].name, messages[0].weather"),
        ("gemini", ODD, "user, metadata, store, messages[0].name, messages[0].weather"),
        ("ollama", ODD, "user, metadata, store, messages[0].name, messages[0].weather"),
    ],
)
async def test_an_openai_clients_fields(
    stage: Stage, provider: str, message: dict[str, str], expected: str | None
) -> None:
    fields = {"messages": [message], "seed": 1, "user": "u", "metadata": {"a": "b"}, "store": True}
    assert await dropped(stage, "openai", PLACES[provider], **fields) == expected


@pytest.mark.parametrize(
    ("provider", "expected"), [("anthropic", None), ("openai", "messages[0].content[0].cache_control")]
)
async def test_an_anthropic_clients_fields(stage: Stage, provider: str, expected: str | None) -> None:
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    fields = {"messages": [{"role": "user", "content": [marked]}], "max_tokens": 5}
    assert await dropped(stage, "anthropic", PLACES[provider], **fields) == expected
