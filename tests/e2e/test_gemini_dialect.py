"""What only Google's own SDK shows of Gemini's dialect: chats, automatic function calling, schemas, embeddings, lists.

What all dialects have in common is shown beside them. The SDK's own default is ``/v1``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import errors, types

from tests.e2e.backends import EVERY, REMOTE, SIMULATOR, Backend
from tests.e2e.stage import NARROW_KEY, TEAM_KEY, Stage, faulty
from tests.support.aimock import case
from turnout.simulator.answer import vector

PROMPT = case("text").prompt
TALKING = tuple(backend.provider for backend in SIMULATOR if backend.provider != "azure-v1")
VERSIONS = ("v1", "v1beta")
providers = pytest.mark.parametrize("provider", TALKING)


def client(stage: Stage, key: str = TEAM_KEY, version: str | None = None) -> genai.Client:
    options = types.HttpOptions(
        base_url=stage.turnout.url, api_version=version, retry_options=types.HttpRetryOptions(attempts=1)
    )
    return genai.Client(api_key=key, http_options=options)


@pytest.fixture
def sdk(stage: Stage) -> Iterator[genai.Client]:
    with client(stage) as found:
        yield found


def text_of(reply: types.GenerateContentResponse) -> str:
    assert reply.candidates
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    return reply.text or ""


@pytest.mark.parametrize("backend", EVERY)
async def test_every_backend_answers_at_the_sdks_own_address(sdk: genai.Client, backend: Backend) -> None:
    reply = await sdk.aio.models.generate_content(model=backend.model, contents=PROMPT)
    assert text_of(reply) == backend.says("text")
    pieces = [
        piece async for piece in await sdk.aio.models.generate_content_stream(model=backend.model, contents=PROMPT)
    ]
    assert "".join(piece.text or "" for piece in pieces) == backend.says("text")
    assert [c.finish_reason for piece in pieces for c in piece.candidates or () if c.finish_reason] == [
        types.FinishReason.STOP
    ]
    if backend.counts_tokens:
        last = pieces[-1].usage_metadata
        assert last
        assert (last.prompt_token_count, last.candidates_token_count) == backend.usage("text")


@pytest.mark.parametrize("version", VERSIONS)
async def test_both_versions_of_the_api_and_both_clients(stage: Stage, version: str) -> None:
    def ask() -> list[str]:
        with client(stage, version=version) as sdk:
            chunks = sdk.models.generate_content_stream(model="openai/sim", contents="Hello there")
            whole = sdk.models.generate_content(model="models/openai/sim", contents="Hello there")
            return [whole.text or "", "".join(chunk.text or "" for chunk in chunks)]

    assert await asyncio.to_thread(ask) == ["You said: Hello there"] * 2


@providers
async def test_a_chat_remembers(sdk: genai.Client, provider: str) -> None:
    """Streamed answers go back in the pieces that they came in."""
    chat = sdk.aio.chats.create(model=faulty(provider, ""))
    assert text_of(await chat.send_message("First words")) == "You said: First words"
    pieces = [piece async for piece in await chat.send_message_stream("Second words")]
    assert "".join(piece.text or "" for piece in pieces) == "You said: Second words"
    before = len(chat.get_history(curated=True))
    last = await chat.send_message("Third")
    assert text_of(last) == "You said: Third"
    assert before > 3
    assert len(chat.get_history(curated=True)) == before + 2
    assert last.usage_metadata
    # all that was said before is sent: 2 + 4 + 2 + 4 + 1 words
    assert last.usage_metadata.prompt_token_count == 13


@providers
@pytest.mark.parametrize("script", ["tools", "parallel-tools"])
async def test_functions_are_called_by_the_sdk_itself(sdk: genai.Client, provider: str, script: str) -> None:
    asked: list[str] = []

    def weather(city: str) -> str:
        """Says the weather of a city."""
        asked.append(city)
        return f"sunny in {city}"

    config = types.GenerateContentConfig(tools=[weather])
    reply = await sdk.aio.models.generate_content(model=faulty(provider, script), contents="Weather?", config=config)
    assert len(asked) == (2 if script == "parallel-tools" else 1)
    for city in asked:
        assert f"sunny in {city}" in text_of(reply)


@pytest.mark.parametrize(
    ("provider", "stream"),
    [("anthropic", False), ("anthropic", True), ("gemini", False)],
    ids=["anthropic_unary", "anthropic_stream", "gemini_unary"],
)
async def test_thoughts_keep_their_signatures_through_a_chat(sdk: genai.Client, provider: str, stream: bool) -> None:
    """The simulator refuses a thinking model's call that comes back without its signature."""

    def weather(city: str) -> str:
        """Says the weather of a city."""
        return f"sunny in {city}"

    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=2000)
    config = types.GenerateContentConfig(tools=[weather], thinking_config=thinking, max_output_tokens=4000)
    chat = sdk.aio.chats.create(model=faulty(provider, "tools-thinking"), config=config)
    if stream:
        pieces = [piece async for piece in await chat.send_message_stream("Weather?")]
        text = "".join(piece.text or "" for piece in pieces)
    else:
        text = text_of(await chat.send_message("Weather?"))
    assert "sunny in" in text
    history = [part for content in chat.get_history() for part in content.parts or ()]
    assert any(part.thought for part in history)
    assert any(part.thought_signature for part in history)


class Answer(pydantic.BaseModel):
    said: str


async def test_a_class_is_the_schema_of_an_answer(stage: Stage, sdk: genai.Client) -> None:
    """What reaches another provider is JSON Schema, as the journal of aimock tells."""
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Answer)
    json_case = case("json")
    reply = await sdk.aio.models.generate_content(model="journal", contents=json_case.prompt, config=config)
    assert json.loads(reply.text or "")
    sent = [entry["body"] for entry in stage.aimock.requests("what-turnout-sent")]
    schemas = [body["response_format"]["json_schema"]["schema"] for body in sent if "response_format" in body]
    assert any(schema["type"] == "object" and schema["properties"]["said"]["type"] == "string" for schema in schemas)


@pytest.mark.parametrize("provider", ["openai", "gemini", "ollama"])
async def test_embeddings(sdk: genai.Client, provider: str) -> None:
    config = types.EmbedContentConfig(output_dimensionality=3, task_type="RETRIEVAL_QUERY")
    model, texts = faulty(provider, ""), ("Where do the rails go?", "Left.")
    contents = [types.Content(parts=[types.Part(text=text)]) for text in texts]
    reply = await sdk.aio.models.embed_content(model=model, contents=contents, config=config)
    assert reply.embeddings
    for text, made in zip(texts, reply.embeddings, strict=True):
        assert made.values == pytest.approx(vector(text, 3))


@providers
async def test_tokens_are_counted(sdk: genai.Client, provider: str) -> None:
    reply = await sdk.aio.models.count_tokens(model=faulty(provider, ""), contents="one two three")
    assert (reply.total_tokens or 0) >= 3


@pytest.mark.parametrize("version", VERSIONS)
async def test_models_are_listed_and_told(stage: Stage, version: str) -> None:
    sdk = client(stage, version=version)
    listed = {model.name: model async for model in await sdk.aio.models.list()}
    assert {f"models/{backend.model}" for backend in EVERY} <= listed.keys()
    for backend in REMOTE:
        assert await sdk.aio.models.get(model=backend.model) == listed[f"models/{backend.model}"]
    narrow = client(stage, NARROW_KEY, version)
    assert "models/simulator-openai" not in {model.name async for model in await narrow.aio.models.list()}
    with pytest.raises(errors.ClientError) as caught:
        await narrow.aio.models.get(model="simulator-openai")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize("version", VERSIONS)
async def test_errors_are_the_sdks(stage: Stage, version: str) -> None:
    sdk = client(stage, version=version)
    with pytest.raises(errors.ClientError, match="Did you mean") as caught:
        await sdk.aio.models.generate_content(model="aimock-olama", contents="hi")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
    with pytest.raises(errors.ClientError) as caught:
        await client(stage, "wrong", version).aio.models.generate_content(model="echo", contents="hi")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    config = types.GenerateContentConfig(cached_content="cachedContents/1")
    with pytest.raises(errors.ClientError, match="'cachedContent'") as caught:
        await sdk.aio.models.generate_content(model="openai/sim", contents="hi", config=config)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    with pytest.raises(errors.ServerError) as failed:
        await sdk.aio.models.generate_content(model=faulty("openai", "status-500"), contents="hi")
    assert failed.value.code == 500


@providers
async def test_a_stream_that_breaks_off_raises_and_has_no_finish(sdk: genai.Client, provider: str) -> None:
    model = faulty(provider, "cut-stream-after-3")
    chunks: list[types.GenerateContentResponse] = []

    async def read() -> None:
        stream = await sdk.aio.models.generate_content_stream(model=model, contents="a b c d e f g")
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401  # a comprehension would lose those before the error

    with pytest.raises(errors.APIError):
        await read()
    assert chunks
    assert not any(candidate.finish_reason for chunk in chunks for candidate in chunk.candidates or ())


def posted(stage: Stage, path: str, body: dict[str, Any]) -> tuple[str, str]:
    """Media type and body, with the key in the address and nowhere else."""
    connection = HTTPConnection("127.0.0.1", stage.turnout.port)
    connection.request("POST", f"{path}?key={TEAM_KEY}", json.dumps(body))
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    assert reply.status == 200, text
    return reply.getheader("content-type", ""), text


@pytest.mark.parametrize("provider", ["gemini", "openai"], ids=["relayed", "translated"])
async def test_a_stream_without_alt_sse_is_one_array(stage: Stage, provider: str) -> None:
    path = f"/v1beta/models/{provider}/sim:streamGenerateContent"
    body = {"contents": [{"parts": [{"text": "Hello there"}]}]}
    media_type, text = await asyncio.to_thread(posted, stage, path, body)
    assert media_type == "application/json"
    chunks = [types.GenerateContentResponse.model_validate(chunk) for chunk in json.loads(text)]
    assert len(chunks) > 2
    assert "".join(chunk.text or "" for chunk in chunks) == "You said: Hello there"
    assert chunks[-1].candidates
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


async def test_one_vector_alone(stage: Stage) -> None:
    for provider in ("gemini", "openai"):
        path = f"/v1/models/{provider}/sim:embedContent"
        body = {"content": {"parts": [{"text": "Left."}]}, "outputDimensionality": 3}
        _, text = await asyncio.to_thread(posted, stage, path, body)
        assert json.loads(text)["embedding"]["values"] == pytest.approx(vector("Left.", 3))
