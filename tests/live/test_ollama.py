"""The main job on a real Ollama, in every dialect. Run by `make test-live` where there is an `ollama`.

Its model is the one of the other live tests. Two names for it differ in their templates, which is where Ollama finds
what a model can do: ``tiny`` can only answer, ``able`` has tools and thoughts too. What it says is noise.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import ollama as sdk_of_ollama
import pytest

from tests.support.sdks import PNG, Question, Reply, anthropic, gemini, ollama, openai
from tests.support.turnout_server import StartTurnout, TurnoutServer

pytestmark = pytest.mark.live

Ask = Callable[..., Awaitable[Reply]]
QUESTION = Question(prompt="Where does the train go?", model="tiny", max_tokens=24)
LONG = 2000  # tokens; takes the engine a second or more
PATIENCE = 20.0  # seconds
DIALECTS: dict[str, Callable[[TurnoutServer], tuple[Any, Any]]] = {
    "openai": lambda turnout: (openai, openai.client(turnout.openai_url)),
    "anthropic": lambda turnout: (anthropic, anthropic.client(turnout.url)),
    "gemini": lambda turnout: (gemini, gemini.client(turnout.url)),
    "ollama": lambda turnout: (ollama, ollama.client(turnout.url)),
}


@pytest.fixture(scope="session")
def engine_url() -> str:
    if "LIVE_OLLAMA_URL" not in os.environ:
        pytest.fail("LIVE_OLLAMA_URL is not set; `make test-live` starts an Ollama and sets it")
    return os.environ["LIVE_OLLAMA_URL"]


@pytest.fixture(scope="session")
def turnout(engine_url: str, start_shared_turnout: StartTurnout) -> TurnoutServer:
    """It has asked the Ollama what its models can do."""
    models = {
        name: {"deployments": [{"provider": "ollama", "model": name, "base_url": engine_url}]}
        for name in ("tiny", "able")
    }
    server = start_shared_turnout({"models": models})
    until = time.monotonic() + PATIENCE
    while details(server, "tiny").get("format") != "gguf":
        assert time.monotonic() < until, "the Ollama's description of the model has not come"
    return server


def details(server: TurnoutServer, name: str) -> dict[str, Any]:
    rows = httpx.get(f"{server.url}/api/tags").json()["models"]
    found: dict[str, Any] = next(row["details"] for row in rows if row["name"] == name)
    return found


def changes_of(server: TurnoutServer, request_id: str) -> Any:
    return httpx.get(f"{server.url}/v1/requests/{request_id}").json()["attempts"][0]["changes"]


@pytest.fixture(params=list(DIALECTS))
async def ask(request: pytest.FixtureRequest, turnout: TurnoutServer) -> Ask:
    module, client = DIALECTS[request.param](turnout)

    def asked(question: Question, *, stream: bool, **more: Any) -> Awaitable[Reply]:
        reply: Awaitable[Reply] = module.ask(client, question, stream=stream, **more)
        return reply

    return asked


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_reply_comes_with_its_usage_and_its_end(ask: Ask, stream: bool) -> None:
    reply = await ask(QUESTION, stream=stream)
    assert reply.text.split()
    assert (reply.finish, reply.output_tokens) == ("length", QUESTION.max_tokens)
    assert reply.input_tokens > 5


async def test_eight_streams_at_once_arrive_whole(ask: Ask) -> None:
    replies = await asyncio.gather(*(ask(QUESTION, stream=True) for _ in range(8)))
    assert {(reply.finish, reply.output_tokens) for reply in replies} == {("length", QUESTION.max_tokens)}


# --- what the model can't do -------------------------------------------------------------------------


async def chat(turnout: TurnoutServer, **fields: Any) -> httpx.Response:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 8, **fields}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        return await client.post(f"{turnout.openai_url}/chat/completions", json=body)


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [({"reasoning_effort": "high"}, "reasoning_effort"), ({"tools": [TOOL]}, "tools")],
    ids=["think", "tools"],
)
async def test_what_the_model_lacks_is_left_out_and_named(
    turnout: TurnoutServer, fields: dict[str, Any], dropped: str
) -> None:
    reply = await chat(turnout, **fields)
    assert reply.status_code == 200, reply.text
    assert dropped in reply.headers["x-turnout-dropped"]


@pytest.mark.parametrize(
    ("fields", "changes"),
    [({"reasoning_effort": "high"}, ["reasoning_effort: think: true"]), ({"tools": [TOOL]}, [])],
    ids=["think", "tools"],
)
async def test_what_the_model_has_reaches_it(
    turnout: TurnoutServer, fields: dict[str, Any], changes: list[str]
) -> None:
    """A model of another family than gpt-oss takes no level."""
    reply = await chat(turnout, model="able", **fields)
    assert reply.status_code == 200, reply.text
    assert changes_of(turnout, reply.headers["x-request-id"]) == changes


async def test_a_forced_tool_is_called_by_a_model_without_tools(turnout: TurnoutServer) -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    reply = await chat(turnout, tools=[TOOL], tool_choice=choice, max_tokens=64)
    assert reply.status_code == 200, reply.text
    (call,) = reply.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "f"


async def test_an_image_that_the_model_would_not_see_is_refused(turnout: TurnoutServer) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(PNG).decode()}"}}
    refused = await chat(turnout, messages=[{"role": "user", "content": [image]}])
    assert (refused.status_code, "images" in refused.text) == (400, True)


async def test_an_ollamas_own_refusal_has_its_words(turnout: TurnoutServer) -> None:
    """Turnout doesn't know which models fill in the middle, so the Ollama is asked."""
    with pytest.raises(sdk_of_ollama.ResponseError, match="does not support insert") as refused:
        await ollama.client(turnout.url).generate("tiny", "Hi.", suffix="Bye.")
    assert refused.value.status_code == 400


# --- Ollama's own API --------------------------------------------------------------------------------


async def test_a_model_is_shown_as_the_ollama_shows_it(turnout: TurnoutServer, engine_url: str) -> None:
    async with httpx.AsyncClient() as client:
        ours, theirs = [
            (await client.post(f"{url}/api/show", content=json.dumps({"model": "able"}))).json()
            for url in (turnout.url, engine_url)
        ]
    for text in ("parameters", "modelfile"):  # the lines of parameters come in any order, there too
        assert sorted(ours.pop(text).splitlines()) == sorted(theirs.pop(text).splitlines())
    assert ours == theirs
    assert set(ours["capabilities"]) == {"completion", "tools", "thinking"}


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize(("more", "word"), [({}, "load"), ({"keep_alive": 0}, "unload")], ids=["load", "unload"])
async def test_a_model_is_loaded_and_unloaded(
    turnout: TurnoutServer, path: str, more: dict[str, Any], word: str
) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        reply = await client.post(f"{turnout.url}{path}", json={"model": "tiny", **more})
    assert (reply.status_code, reply.json()["done_reason"]) == (200, word)


async def test_a_text_becomes_a_vector(turnout: TurnoutServer) -> None:
    by_ollama = await ollama.client(turnout.url).embed("tiny", "the train")
    by_openai = await openai.client(turnout.openai_url).embeddings.create(model="tiny", input="the train")
    assert list(by_ollama.embeddings[0]) == pytest.approx(by_openai.data[0].embedding, abs=1e-6)


async def test_a_stop_sequence_ends_the_reply(turnout: TurnoutServer) -> None:
    steady = {"options": {"temperature": 0, "seed": 1}}
    client = ollama.client(turnout.url)
    whole = await ollama.ask(client, QUESTION, stream=False, **steady)
    third_word = " " + whole.text.split()[2]
    steady["options"]["stop"] = [third_word]  # type: ignore[assignment]
    cut = await ollama.ask(client, QUESTION, stream=True, **steady)
    assert (cut.text, cut.finish) == (whole.text[: whole.text.index(third_word)], "stop")


async def test_a_client_that_leaves_frees_the_engine(turnout: TurnoutServer, engine_url: str) -> None:
    """The engine takes one request after the other, so the next answer shows when it stopped the last."""
    client = ollama.client(turnout.url)
    long = Question(prompt=QUESTION.prompt, model="tiny", max_tokens=LONG)
    began = time.monotonic()
    await ollama.ask(client, long, stream=False)
    whole = time.monotonic() - began
    stream: Any = await client.chat(
        "tiny", [{"role": "user", "content": "Hi."}], options={"num_predict": LONG}, stream=True
    )
    await anext(stream)
    await stream.aclose()
    began = time.monotonic()
    reply = await ollama.ask(ollama.client(engine_url), QUESTION, stream=False)
    assert reply.output_tokens == QUESTION.max_tokens
    assert time.monotonic() - began < min(1 + whole / 4, whole * 0.8)
