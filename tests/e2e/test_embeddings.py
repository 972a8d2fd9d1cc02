"""Embeddings through the official SDK, which asks for base64 unless it is told otherwise."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from langchain_openai import OpenAIEmbeddings
from openai import AsyncAzureOpenAI, AsyncOpenAI
from pydantic import SecretStr

from tests.e2e.stage import INPUT_PRICE, TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import case
from tests.support.raw_upstream import RawUpstream, ok, replying
from tests.support.turnout_server import StartTurnout
from turnout.core.vectors import packed
from turnout.simulator.answer import vector

TEXTS = ["Where do the rails go?", "Left, at the turnout.", "Zoë 東京"]
EMBEDDING = ("openai", "azure", "vllm", "llamacpp", "compatible", "ollama", "gemini")
MILLIONTH = 1_000_000  # picodollars a token for each USD per 1M tokens

vendors = pytest.mark.parametrize("provider", EMBEDDING)


@pytest.fixture
async def sdk(stage: Stage) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{stage.turnout.url}/v1", api_key=TEAM_KEY, max_retries=0)


@vendors
@pytest.mark.parametrize("encoding", [openai.omit, "float"], ids=["base64", "float"])
async def test_vectors_arrive(sdk: AsyncOpenAI, provider: str, encoding: Any) -> None:
    reply = await sdk.embeddings.create(model=faulty(provider, ""), input=TEXTS, encoding_format=encoding)
    assert [row.index for row in reply.data] == [0, 1, 2]
    for text, row in zip(TEXTS, reply.data, strict=True):
        assert row.embedding == vector(text, len(row.embedding))
    assert reply.usage.prompt_tokens == reply.usage.total_tokens == sum(len(text.split()) for text in TEXTS)


@vendors
async def test_dimensions_are_asked_for(sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.embeddings.create(model=faulty(provider, ""), input=TEXTS[0], dimensions=3)
    assert reply.data[0].embedding == vector(TEXTS[0], 3)


@vendors
async def test_an_encoding_arrives_as_it_was_asked_for(stage: Stage, provider: str) -> None:
    """Whether the upstream knows it or not."""
    body = {"model": faulty(provider, ""), "input": TEXTS[0], "dimensions": 3}
    for asked, wanted in ((None, list), ("float", list), ("base64", str)):
        reply = await stage.post("/v1/embeddings", body | ({"encoding_format": asked} if asked else {}))
        assert reply.status == 200, reply.body
        (row,) = reply.json["data"]
        assert type(row["embedding"]) is wanted
        if wanted is str:
            assert row["embedding"] == packed(vector(TEXTS[0], 3))


async def test_tokens_are_input_where_the_wire_has_them(sdk: AsyncOpenAI) -> None:
    one = await sdk.embeddings.create(model=faulty("openai", ""), input=[1, 2, 3])
    two = await sdk.embeddings.create(model=faulty("vllm", ""), input=[[1, 2], [3]])
    assert (len(one.data), len(two.data)) == (1, 2)
    with pytest.raises(openai.BadRequestError, match="'ollama' does not support inputs of tokens"):
        await sdk.embeddings.create(model=faulty("ollama", ""), input=[1, 2, 3])


async def test_base64_comes_from_an_upstream_that_has_only_numbers(stage: Stage, sdk: AsyncOpenAI) -> None:
    """aimock never packs, as Ollama's server on OpenAI's wire doesn't."""
    fixture = case("media")
    reply = await sdk.embeddings.create(model="aimock-openai", input=fixture.prompt)
    assert reply.data[0].embedding == fixture.response["embedding"]
    plain = await stage.post("/v1/embeddings", {"model": "aimock-openai", "input": fixture.prompt})
    assert plain.json["data"][0]["embedding"] == fixture.response["embedding"]


@pytest.mark.parametrize("provider", ["openai", "ollama"])
async def test_the_ledger_has_its_tokens_and_their_price(stage: Stage, sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.embeddings.with_raw_response.create(model=faulty(provider, ""), input=TEXTS)
    story = await stage.story(reply.headers["x-request-id"])
    (attempt,) = story["attempts"]
    words = sum(len(text.split()) for text in TEXTS)
    assert (attempt["operation"], attempt["outcome"], attempt["stream"]) == ("embeddings", "ok", False)
    assert (attempt["usage"]["input"], attempt["usage"]["output"]) == (words, 0)
    assert attempt["usage"]["source"] == "reported"
    assert attempt["cost"] == words * INPUT_PRICE * MILLIONTH
    assert reply.headers["x-turnout-cost-usd"] == story["cost_usd"]
    assert reply.headers["x-turnout-provider"] == provider
    assert reply.headers["x-turnout-attempts"] == "1"


async def test_usage_that_is_not_reported_is_estimated(start_turnout: StartTurnout) -> None:
    row = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.5,-2]}],"model":"m"}'
    async with RawUpstream(replying(ok(row, "content-type: application/json"))) as upstream:
        deployment: dict[str, Any] = {"provider": "compatible", "model": "m", "base_url": upstream.origin}
        deployment["price"] = {"input": INPUT_PRICE, "output": 0}
        turnout = start_turnout({"models": {"plain": {"deployments": [deployment]}}})
        sdk = AsyncOpenAI(base_url=f"{turnout.url}/v1", api_key="none", max_retries=0)
        reply = await sdk.embeddings.with_raw_response.create(model="plain", input="one two three four")
        assert reply.parse().data[0].embedding == [1.5, -2.0]
        story = (await ask_raw(f"{turnout.url}/v1/requests/{reply.headers['x-request-id']}")).json
    (attempt,) = story["attempts"]
    assert attempt["usage"]["source"] == "estimated"
    assert 2 <= attempt["usage"]["input"] <= 8
    assert attempt["cost"] == attempt["usage"]["input"] * INPUT_PRICE * MILLIONTH


async def test_dropped_fields_are_named(stage: Stage, sdk: AsyncOpenAI) -> None:
    create = sdk.embeddings.with_raw_response.create
    reply = await create(model=faulty("ollama", ""), input="x", user="u", extra_body={"metadata": {"a": "b"}})
    assert reply.headers["x-turnout-dropped"] == "user, metadata"
    relayed = await create(model=faulty("openai", ""), input="x", user="u", extra_body={"metadata": {}})
    assert "x-turnout-dropped" not in relayed.headers
    path, body = f"/v1beta/models/{faulty('openai', '')}:embedContent", {"content": {"parts": [{"text": "x"}]}}
    translated = await stage.post(path, body | {"taskType": "RETRIEVAL_QUERY"})
    assert translated.status == 200, translated.body
    assert translated.headers["x-turnout-dropped"] == "taskType"


async def test_a_provider_without_embeddings_is_passed_over(stage: Stage, sdk: AsyncOpenAI) -> None:
    """The first deployment of ``chats-first`` is Anthropic's."""
    with pytest.raises(openai.BadRequestError, match="'anthropic' does not support embeddings") as caught:
        await sdk.embeddings.create(model=faulty("anthropic", ""), input="x")
    assert (caught.value.code, caught.value.param) == ("unsupported", "model")
    reply = await sdk.embeddings.with_raw_response.create(model="chats-first", input=TEXTS[0])
    assert reply.headers["x-turnout-provider"] == "openai"
    assert reply.headers["x-turnout-attempts"] == "1"


async def test_a_failure_is_retried_and_told_in_openais_shape(stage: Stage, sdk: AsyncOpenAI) -> None:
    model = faulty("openai", "status-503-times-1")
    reply = await sdk.embeddings.with_raw_response.create(model=model, input="x")
    assert reply.headers["x-turnout-attempts"] == "2"
    with pytest.raises(openai.RateLimitError) as caught:
        await sdk.embeddings.create(model=faulty("ollama", "status-429"), input="x")
    assert caught.value.code == "rate_limit_exceeded"
    with pytest.raises(openai.BadRequestError) as bad:
        await sdk.embeddings.create(model="echo", input=[])
    assert bad.value.param == "input"


@pytest.mark.parametrize("provider", ["openai", "ollama"])
async def test_langchain_embeds(stage: Stage, provider: str) -> None:
    """As its documentation says for servers that aren't OpenAI's, texts are sent as texts, not as tokens."""
    embeddings = OpenAIEmbeddings(
        model=faulty(provider, ""),
        base_url=f"{stage.turnout.url}/v1",
        api_key=SecretStr(TEAM_KEY),
        check_embedding_ctx_length=False,
    )
    vectors = await embeddings.aembed_documents(TEXTS)
    assert vectors == [vector(text, len(vectors[0])) for text in TEXTS]


@pytest.mark.parametrize("provider", ["openai", "ollama"])
async def test_azures_clients_are_served(stage: Stage, provider: str) -> None:
    """Their model is in the path."""
    azure = AsyncAzureOpenAI(azure_endpoint=stage.turnout.url, api_key=TEAM_KEY, api_version="2024-10-21")
    reply = await azure.embeddings.create(model=faulty(provider, ""), input=TEXTS[0], dimensions=4)
    assert reply.data[0].embedding == vector(TEXTS[0], 4)
    v1 = AsyncOpenAI(base_url=f"{stage.turnout.url}/openai/v1", api_key=TEAM_KEY)
    assert (await v1.embeddings.create(model=faulty(provider, ""), input="x")).data
    chat = await azure.chat.completions.create(
        model=faulty(provider, ""), messages=[{"role": "user", "content": "Hello"}]
    )
    assert chat.choices[0].message.content == "You said: Hello"
