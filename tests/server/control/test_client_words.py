"""What a client may say never looks like a database that fails, in either of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.server.conftest import MODELS
from tests.support.asgi import InProcess, in_process

NUL = "resp_\0"
LONG = "resp_" + "f" * 4000
WORDS = {"nul": NUL, "long": LONG, "odd": "é\U0001f600\ufffe'--", "empty-ish": " "}


@pytest.fixture
async def app(database_address: str, tmp_path: Path) -> AsyncIterator[InProcess]:
    providers = {"providers": {"ollama": {"base_url": "http://127.0.0.1:9"}}, "retries": {"attempts": 1}}
    config = {"models": MODELS, "discovery": True, **providers}
    nobody = dict.fromkeys(("OLLAMA_URL", "LLAMA_CPP_URL", "VLLM_URL"), "http://127.0.0.1:9")
    async with in_process(tmp_path, config, DATABASE_URL=database_address, **nobody) as app:
        yield app


async def respond(app: InProcess, **more: object) -> int:
    return (await app.ask("POST", "/v1/responses", {"model": "echo", "input": "x", **more})).status


async def test_whatever_is_said_is_the_clients_mistake_and_the_ledger_goes_on(app: InProcess) -> None:
    for word in WORDS.values():
        assert await respond(app, previous_response_id=word) == 400
        assert await respond(app, input=[{"type": "item_reference", "id": f"msg_{word}_0"}]) == 400
        for path in ("/v1/responses/{}", "/v1/responses/{}/input_items", "/v1/requests/{}", "/api/models/{}"):
            assert (await app.ask("GET", path.format(word))).status == 404
        for method, path in [("DELETE", "/v1/responses/{}"), ("POST", "/v1/responses/{}/cancel"),
                             ("DELETE", "/api/models/{}"), ("PUT", "/api/models/{}")]:  # fmt: skip
            assert (await app.ask(method, path.format(word), {"status": "inactive"})).status == 404
        assert (await app.ask("GET", "/api/models", query=f"search={quote(word)}")).status == 200
        assert (await app.ask("POST", "/api/models", {"id": word, "provider": "echo"})).status in (400, 201)
        for model in (word, f"ollama/{word}"):
            body = {"model": model, "messages": [{"role": "user", "content": "x"}], "max_tokens": 5, "user": word}
            for path in ("/v1/chat/completions", "/v1/messages", "/api/chat"):
                assert (await app.ask("POST", path, body)).status not in (500, 503)
    health = (await app.ask("GET", "/health")).json
    assert [health["parts"][part]["database"] for part in ("ledger", "conversations")] == [None, None]
    assert health["parts"]["catalog"]["problems"] == []


async def test_a_stored_record_may_have_any_characters(app: InProcess) -> None:
    body = {"id": "odd", "name": "a\0b é\U0001f600", "provider": "echo"}
    assert (await app.ask("POST", "/api/models", body)).status == 201
    assert (await app.ask("GET", "/api/models/odd")).json["name"] == body["name"]
    answer = await app.ask(
        "POST", "/v1/responses", {"model": "odd", "input": "a\0b é\U0001f600", "metadata": {"k": "\0"}}
    )
    assert answer.status == 200
    path = f"/v1/responses/{answer.json['id']}"
    assert (await app.ask("GET", path)).json == answer.json
    (item,) = (await app.ask("GET", f"{path}/input_items")).json["data"]
    assert item["content"][0]["text"] == "a\0b é\U0001f600"
    assert await respond(app, previous_response_id=answer.json["id"]) == 200
    story = await app.ask("GET", f"/v1/requests/{answer.headers['x-request-id']}")
    assert story.status == 200
    assert (await app.ask("GET", "/health")).json["parts"]["conversations"]["ok"]
