"""An address that nobody can read is the client's mistake, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.stage import Stage, faulty

BAD = "https://[::1"
WHERE: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": BAD}}]}]},
    ),
    "anthropic": (
        "/v1/messages",
        {
            "max_tokens": 5,
            "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": BAD}}]}],
        },
    ),
    "document": (
        "/v1/messages",
        {
            "max_tokens": 5,
            "messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "url", "url": BAD}}]}],
        },
    ),
    "responses": (
        "/v1/responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": BAD}]}]},
    ),
    "service": (
        "/api/models/chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": BAD}}]}]},
    ),
}


@pytest.mark.parametrize(("path", "body"), WHERE.values(), ids=WHERE)
@pytest.mark.parametrize("provider", ["gemini", "ollama"])
async def test_an_address_that_can_not_be_read_is_a_400(
    stage: Stage, provider: str, path: str, body: dict[str, Any]
) -> None:
    reply = await stage.post(path, {"model": faulty(provider, ""), **body})
    assert reply.status == 400, reply.body


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent", "countTokens", "embedContent"])
async def test_a_path_without_a_model_is_a_400(stage: Stage, method: str) -> None:
    content = {"role": "user", "parts": [{"text": "hi"}]}
    body = {"content": content} if method == "embedContent" else {"contents": [content]}
    reply = await stage.post(f"/v1beta/models/:{method}", body)
    assert (reply.status, "model" in reply.json["error"]["message"]) == (400, True)
