"""What a key may not do is refused on every path that reaches a provider; what has expired is refused on all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.asgi import Answer, InProcess, in_process
from turnout.dialects import Endpoint, registry
from turnout.server.endpoints import paths_of
from turnout.server.inference.bounds import takes_form

NOTHING, CHATS, EXPIRED, ENDING = "tk-nothing", "tk-chats-1", "tk-expired", "tk-ending-1"
CONFIG = {
    "models": {"fast": "echo/echo"},
    "tiers": {"searching": {"operations": ["/v1/vector/search"]}},
    "keys": [
        {"key": NOTHING, "tier": "searching"},
        {"key": CHATS, "operations": ["/v1/llm/generate"]},
        {"key": EXPIRED, "expires": "2020-01-31"},
        {"key": ENDING, "expires": "2120-01-31T12:00:00+01:00"},
    ],
}
ENDPOINTS = [(path, endpoint) for path, _, endpoint in paths_of(registry().values())]
USER = {"role": "user", "content": "hi"}
BODY = {
    "model": "fast",
    "model_id": "fast",
    "messages": [USER],
    "contents": [{"parts": [{"text": "hi"}]}],
    "content": {"parts": [{"text": "hi"}]},
    "requests": [{"model": "models/fast", "content": {"parts": [{"text": "hi"}]}}],
    "input": "hi",
    "prompt": "hi",
    "text": "hi",
    "texts": ["hi"],
    "task_id": "t",
    "voice": "alloy",
    "max_tokens": 5,
    "audio_url": "data:audio/wav;base64,UklGRg==",
}
"""What some endpoint needs. Endpoints pass over, or pass on, what they don't know."""
FORM = b"".join(
    b'--x\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % part
    for part in (
        (b"model", b"", b"fast"),
        (b"prompt", b"", b"hi"),
        (b"file", b'; filename="a.wav"\r\ncontent-type: audio/wav', b"RIFF"),
        (b"image", b'; filename="a.png"\r\ncontent-type: image/png', b"\x89PNG\r\n\x1a\n"),
    )
)


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path_factory.mktemp("allowed"), CONFIG) as served:
        yield served


async def ask(app: InProcess, key: str, path: str, endpoint: Endpoint[Any, Any]) -> Answer:
    headers, body = {"authorization": f"Bearer {key}"}, BODY
    if takes_form(endpoint):
        headers["content-type"] = "multipart/form-data; boundary=x"
        return await app.ask("POST", path, FORM + b"--x--\r\n", headers)
    return await app.ask("POST", path, body, headers)


@pytest.mark.parametrize(("path", "endpoint"), ENDPOINTS, ids=[path for path, _ in ENDPOINTS])
async def test_an_operation_that_is_not_allowed_is_not_done(
    app: InProcess, path: str, endpoint: Endpoint[Any, Any]
) -> None:
    asked = path.replace("{model}", "fast")
    answer = await ask(app, NOTHING, asked, endpoint)
    assert answer.status == 403, answer.body
    operation = endpoint.operation
    said = f"The tier 'searching' may not use the operation '{operation}', only: vector_search."
    assert said in answer.body.decode()
    is_refused = "may not use the operation" in (await ask(app, CHATS, asked, endpoint)).body.decode()
    assert is_refused is (operation != "chat")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/models", "/api/tags"])
async def test_an_expired_key_opens_nothing(app: InProcess, path: str) -> None:
    method = "GET" if path.endswith(("models", "tags")) else "POST"
    answer = await app.ask(method, path, BODY, {"authorization": f"Bearer {EXPIRED}"})
    assert answer.status == 401
    assert "This API key has expired: it was good until 2020-02-01 00:00:00 UTC." in answer.body.decode()
    assert (await app.ask(method, path, BODY, {"authorization": f"Bearer {ENDING}"})).status == 200
