"""The service APIs over sockets: every provider answers them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.backends import EVERY, REMOTE, SIMULATOR, Backend
from tests.e2e.stage import NARROW_KEY, TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import case

every = pytest.mark.parametrize("backend", EVERY)
PATHS = {"/api/models/chat": "content", "/api/models/completion": "text", "/v1/llm/generate": "response"}
each_path = pytest.mark.parametrize(("path", "field"), PATHS.items())


@every
@each_path
async def test_text(stage: Stage, backend: Backend, path: str, field: str) -> None:
    reply = await stage.post(path, {"model": backend.model, "prompt": case("text").prompt})
    assert reply.status == 200, reply.body
    assert reply.json[field] == backend.says("text")
    assert (reply.json["provider"], reply.json["finish_reason"]) == (backend.provider_name, "stop")
    story = await stage.story(reply.headers["x-request-id"])
    (attempt,) = story["attempts"]
    assert attempt["dialect"] == ("model_service" if path.startswith("/v1") else "orchestration")
    assert reply.json["usage"]["total_tokens"] == attempt["usage"]["input"] + attempt["usage"]["output"]


@pytest.mark.parametrize("backend", SIMULATOR)
@each_path
async def test_streamed_text(stage: Stage, backend: Backend, path: str, field: str) -> None:
    messages = [{"role": "USER", "content": "one two three"}]
    reply = await stage.post(path, {"model": backend.model, "messages": messages, "stream": True})
    events = [json.loads(line.removeprefix("data: ")) for line in reply.body.decode().split("\n\n") if line]
    *pieces, last = events
    assert last["done"] is True
    assert "".join(piece[field] for piece in pieces) == last[field] == "You said: one two three"
    assert len(pieces) > 1


@every
async def test_a_task(stage: Stage, backend: Backend) -> None:
    fields = {"task_id": "t-7", "prompt": case("text").prompt, "model": backend.model}
    reply = await stage.post("/infer", fields)
    assert (reply.json["task_id"], reply.json["model_id"]) == ("t-7", backend.model)
    assert reply.json["output"] == backend.says("text")
    assert reply.json["tokens_used"] > 0
    assert 0 < reply.json["confidence"] <= 0.9
    assert reply.json["confidence_source"] == "finish_reason"


async def test_a_task_without_a_model_goes_to_the_first_one(stage: Stage) -> None:
    reply = await stage.post("/infer", {"task_id": "t", "prompt": case("text").prompt})
    assert reply.status == 200, reply.body
    assert reply.json["model_id"] == REMOTE[0].model


@pytest.mark.parametrize("path", ["/api/models/embedding", "/v1/llm/generate-embeddings"])
@pytest.mark.parametrize("provider", ["openai", "azure", "vllm", "llamacpp", "gemini", "ollama"])
async def test_embeddings(stage: Stage, provider: str, path: str) -> None:
    reply = await stage.post(path, {"model": faulty(provider, ""), "texts": ["one", "two three"], "dimensions": 8})
    assert reply.status == 200, reply.body
    first, second = reply.json["embeddings"]
    assert len(first) == len(second) == 8
    assert first != second
    cost: Any = reply.json["cost"] if path.startswith("/v1") else reply.json["cost"]["total_cost"]
    assert cost is not None


async def test_a_provider_without_embeddings_says_so(stage: Stage) -> None:
    reply = await stage.post("/v1/llm/generate-embeddings", {"model": faulty("anthropic", ""), "texts": ["x"]})
    assert reply.status == 400
    assert (
        reply.json["detail"]
        == reply.json["error"]["message"]
        == "The provider 'anthropic' does not support embeddings."
    )
    assert reply.json["error"]["code"] == "unsupported"


async def test_errors_are_plain(stage: Stage) -> None:
    reply = await stage.post("/v1/llm/generate", {"model": "nobody", "prompt": "x"})
    assert (reply.status, reply.json["error"]["code"]) == (404, "model_not_found")
    assert reply.json["error"]["request_id"] == reply.headers["x-request-id"]
    refused = await stage.post("/infer", {"task_id": "t", "prompt": "x", "model": "simulator-openai"}, NARROW_KEY)
    assert (refused.status, refused.json["error"]["code"]) == (403, "forbidden")
    assert (await stage.get("/infer")).status == 405


@pytest.mark.parametrize("provider", ["openai", "azure"])
async def test_pictures(stage: Stage, provider: str) -> None:
    fields = {"model": faulty(provider, ""), "prompt": "a hat", "n": 2, "response_format": "b64_json"}
    reply = await stage.post("/api/models/image", fields)
    assert reply.status == 200, reply.body
    assert [len(image["b64_json"]) > 10 for image in reply.json["images"]] == [True, True]


@pytest.mark.parametrize("kind", ["transcription", "translation"])
async def test_words_of_a_recording(stage: Stage, kind: str) -> None:
    model = faulty("openai", "").encode()
    body = (
        b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\n' + model + b"\r\n"
        b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'
    )
    headers = {"authorization": f"Bearer {TEAM_KEY}", "content-type": "multipart/form-data; boundary=x"}
    reply = await ask_raw(f"{stage.turnout.url}/api/models/audio/{kind}", body, headers)
    assert reply.status == 200, reply.body
    assert reply.json["text"]
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert (attempt["operation"], attempt["outcome"]) == ("transcription", "ok")
