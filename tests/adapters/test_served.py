"""A registered provider behind the app: every dialect reaches it, and its attempts are in the ledger."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.library.support import isolate
from tests.support.asgi import InProcess, in_process
from turnout import providers
from turnout.adapters import ModelProvider, ModelProviderAdapter, register


class Small(ModelProvider):
    def generate_text(self, model: str, messages: list[dict[str, Any]], **kwargs: Any) -> Iterator[str]:
        if messages[-1]["content"] == "fail":
            raise ValueError("no such thing")
        yield "You said: "
        yield messages[-1]["content"]

    def generate_embeddings(self, model: str, texts: list[str], **kwargs: Any) -> Any:
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return {"embeddings": [[float(len(text)), 0.5] for text in texts], "usage": usage}

    def get_models(self) -> list[str]:
        return ["small"]


MODELS = {
    "named": "mine/small",
    "priced": {"deployments": [{"provider": "mine", "model": "small"}], "price": {"input": 2, "output": 0}},
}
"""Prices are USD per 1M tokens."""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    providers.registry.cache_clear()
    providers._plugin_table.cache_clear()
    register(ModelProviderAdapter("mine", Small()))
    try:
        async with in_process(tmp_path, {"models": MODELS, "discovery": True}) as running:
            yield running
    finally:
        providers.registry.cache_clear()
        providers._plugin_table.cache_clear()


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)


def chat(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "small", "messages": [{"role": "user", "content": text}], **fields}


async def test_its_models_are_listed_and_answer(app: InProcess) -> None:
    listed = (await app.ask("GET", "/v1/models")).json["data"]
    assert {"small", "named", "echo"} <= {row["id"] for row in listed}
    for model in ("small", "named", "mine/small"):
        reply = await app.ask("POST", "/v1/chat/completions", chat("Hello") | {"model": model})
        assert reply.json["choices"][0]["message"]["content"] == "You said: Hello"
        assert reply.json["usage"]["completion_tokens"] > 0


async def test_it_streams_to_another_dialect(app: InProcess) -> None:
    reply = await app.ask("POST", "/v1/messages", chat("Hello", max_tokens=9, stream=True))
    deltas = [json.loads(line[6:]) for line in reply.body.decode().splitlines() if line.startswith("data: ")]
    texts = [event["delta"]["text"] for event in deltas if event["type"] == "content_block_delta"]
    assert texts == ["You said: ", "Hello"]
    assert deltas[-1]["type"] == "message_stop"


async def test_vectors_reach_every_dialect_of_them(app: InProcess) -> None:
    asked = {"model": "small", "input": ["a", "bc"]}
    plain = (await app.ask("POST", "/v1/embeddings", asked)).json
    assert [row["embedding"] for row in plain["data"]] == [[1.0, 0.5], [2.0, 0.5]]
    assert plain["usage"]["prompt_tokens"] == 3
    packed = (await app.ask("POST", "/v1/embeddings", {**asked, "encoding_format": "base64"})).json["data"][1]
    assert struct.unpack("<2f", base64.b64decode(packed["embedding"])) == (2.0, 0.5)
    service = await app.ask("POST", "/v1/llm/generate-embeddings", {"model": "small", "texts": ["abc"]})
    assert service.json["embeddings"] == [[3.0, 0.5]]
    ollama = await app.ask("POST", "/api/embed", {"model": "small", "input": "abc"})
    assert ollama.json["embeddings"] == [[3.0, 0.5]]


async def test_its_tokens_cost_what_the_configuration_says(app: InProcess) -> None:
    for model, cost in (("small", 0), ("priced", 0.000006)):
        reply = await app.ask("POST", "/v1/llm/generate-embeddings", {"model": model, "texts": ["abc"]})
        assert reply.json["cost"] == cost


async def test_what_it_raises_is_told_in_the_clients_dialect(app: InProcess) -> None:
    reply = await app.ask("POST", "/v1/chat/completions", chat("fail"))
    assert reply.status == 502
    assert (
        "Small.generate_text of the provider 'mine' raised ValueError: no such thing" in reply.json["error"]["message"]
    )


async def test_others_inside_the_process_still_make_no_vectors(app: InProcess) -> None:
    reply = await app.ask("POST", "/v1/embeddings", {"model": "echo", "input": "a"})
    assert reply.status == 400
    assert reply.json["error"]["message"] == "The provider 'echo' does not support embeddings."
