"""Vectors are kept input by input; pictures where the configuration says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cache.served import ALICE, Served, new_model
from tests.support.sdks import openai


async def embedded(served: Served, model: str, *inputs: str, **more: Any) -> Any:
    sdk = openai.client(served.turnout.openai_url, ALICE)
    reply = await sdk.embeddings.with_raw_response.create(model=model, input=list(inputs), **more)
    return reply.headers, reply.parse()


def vectors(reply: Any) -> list[list[float]]:
    return [row.embedding for row in reply.data]


@pytest.mark.parametrize("provider", ["openai", "gemini", "ollama"])
async def test_only_the_inputs_that_are_missing_are_asked_for(served: Served, provider: str) -> None:
    model = new_model(provider)
    headers, first = await embedded(served, model, "one", "two words", "three")
    assert headers["x-turnout-cache"] == "MISS"
    again, same = await embedded(served, model, "one", "two words", "three")
    assert (again["x-turnout-cache"], again["x-turnout-cost-usd"]) == ("HIT", "0")
    assert vectors(same) == vectors(first)
    assert same.usage == first.usage
    asked = await served.attempts(model)
    mixed, joined = await embedded(served, model, "four", "two words", "five", "one")
    assert mixed["x-turnout-cache"] == "MISS"
    plain = [(await embedded(served, model, text))[1] for text in ("four", "two words", "five", "one")]
    assert vectors(joined) == [vectors(one)[0] for one in plain]
    assert await served.attempts(model) == asked + 1, "each input is kept by now"
    assert joined.usage.prompt_tokens == sum(one.usage.prompt_tokens for one in plain)
    row = (await served.get(f"/v1/requests/{mixed['x-request-id']}")).json["attempts"][0]
    assert (row["outcome"], row["saved"] > 0) == ("ok", True)


async def test_another_size_is_another_vector(served: Served) -> None:
    model = new_model("openai")
    statuses = [(await embedded(served, model, "one", dimensions=size))[0]["x-turnout-cache"] for size in (8, 8, 16)]
    assert statuses == ["MISS", "HIT", "MISS"]


async def test_vectors_are_found_in_every_dialect(served: Served) -> None:
    model = new_model("openai")
    await embedded(served, model, "one")
    gemini = await served.post(f"/v1beta/models/{model}:embedContent", {"content": {"parts": [{"text": "one"}]}})
    ollama = await served.post("/api/embed", {"model": model, "input": "one"})
    assert [reply.headers["x-turnout-cache"] for reply in (gemini, ollama)] == ["HIT", "HIT"], gemini.body
    assert await served.attempts(model) == 1


async def test_pictures_are_kept_where_somebody_says_so(served: Served) -> None:
    model = new_model("openai")
    body = {"model": model, "prompt": "a horse", "response_format": "b64_json"}

    async def statuses(**headers: str) -> list[str]:
        replies = [await served.post("/v1/images/generations", body, headers=headers) for _ in range(2)]
        assert [reply.status for reply in replies] == [200, 200], replies[0].body
        return [reply.headers["x-turnout-cache"] for reply in replies]

    assert await statuses() == ["BYPASS", "BYPASS"]
    assert await statuses(**{"x-turnout-cache": "always"}) == ["MISS", "HIT"]
    body["response_format"] = "url"
    assert await statuses(**{"x-turnout-cache": "always"}) == ["BYPASS", "BYPASS"]
