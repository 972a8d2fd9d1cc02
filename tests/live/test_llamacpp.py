"""The main job on a real engine: a client's SDK, Turnout, llama.cpp. Run by `make test-live`.

The model is tiny and knows two dozen words; with temperature 0 it says the same to the same question, so what comes
through Turnout can be compared with what the engine says when it is asked directly.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from openai import NotFoundError

from tests.support.sdks import Question, Reply, anthropic, openai
from tests.support.turnout_server import StartTurnout, TurnoutServer

pytestmark = pytest.mark.live

Ask = Callable[..., Awaitable[Reply]]
QUESTION = Question(prompt="Where does the train go?", model="tiny", max_tokens=24)
LONG = 2000  # tokens; takes the engine seconds


@pytest.fixture(scope="session")
def engine_url() -> str:
    if "LIVE_LLAMA_URL" not in os.environ:
        pytest.fail("LIVE_LLAMA_URL is not set; `make test-live` starts an engine and sets it")
    return os.environ["LIVE_LLAMA_URL"]


@pytest.fixture(scope="session")
def turnout(engine_url: str, start_shared_turnout: StartTurnout) -> TurnoutServer:
    deployment = {"provider": "llamacpp", "model": "tiny", "base_url": engine_url}
    return start_shared_turnout({"models": {"tiny": {"deployments": [deployment]}}})


@pytest.fixture(params=["openai", "anthropic"])
async def ask(request: pytest.FixtureRequest, turnout: TurnoutServer) -> Ask:
    """Asks Turnout with one of the SDKs."""
    if request.param == "openai":
        return partial(openai.ask, openai.client(turnout.openai_url), temperature=0)
    return partial(anthropic.ask, anthropic.client(turnout.url), extra_body={"temperature": 0})


@pytest.fixture(scope="session")
async def direct(engine_url: str) -> Reply:
    """What the engine says without Turnout."""
    return await openai.ask(openai.client(f"{engine_url}/v1"), QUESTION, stream=False, temperature=0)


async def test_a_reply_is_the_engines_own_with_its_usage(ask: Ask, direct: Reply) -> None:
    assert await ask(QUESTION, stream=False) == direct
    assert (direct.finish, direct.output_tokens) == ("length", QUESTION.max_tokens)


async def test_a_stream_says_the_same(ask: Ask, direct: Reply) -> None:
    reply = await ask(QUESTION, stream=True)
    assert (reply.text, reply.finish) == (direct.text, "length")


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_stop_sequence_ends_the_reply(turnout: TurnoutServer, direct: Reply, stream: bool) -> None:
    third_word = " " + direct.text.split()[2]
    before = direct.text[: direct.text.index(third_word)]
    by_openai = await openai.ask(
        openai.client(turnout.openai_url), QUESTION, stream=stream, temperature=0, stop=[third_word]
    )
    by_anthropic = await anthropic.ask(
        anthropic.client(turnout.url),
        QUESTION,
        stream=stream,
        extra_body={"temperature": 0},
        stop_sequences=[third_word],
    )
    assert (by_openai.text, by_openai.finish) == (before, "stop")
    assert (by_anthropic.text, by_anthropic.finish) == (before, "stop")


async def test_the_reply_says_who_answered(turnout: TurnoutServer) -> None:
    sdk = openai.client(turnout.openai_url)
    headers = (await sdk.chat.completions.with_raw_response.create(**openai.body(QUESTION))).headers
    assert headers["x-turnout-provider"] == "llamacpp"
    assert headers["x-turnout-model"] == "tiny"
    assert headers["x-turnout-attempts"] == "1"
    assert headers["x-request-id"]


async def test_a_client_that_leaves_frees_the_engine(turnout: TurnoutServer, engine_url: str) -> None:
    """The engine takes one request after the other, so the next answer shows when it stopped the last."""
    sdk = openai.client(turnout.openai_url)
    long = openai.body(QUESTION) | {"max_tokens": LONG, "temperature": 0}
    began = time.monotonic()
    await sdk.chat.completions.create(**long)
    whole = time.monotonic() - began

    stream = await sdk.chat.completions.create(**long, stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    began = time.monotonic()
    reply = await openai.ask(openai.client(f"{engine_url}/v1"), QUESTION, stream=False)
    assert reply.output_tokens == QUESTION.max_tokens
    assert time.monotonic() - began < min(1 + whole / 4, whole * 0.8)


async def test_eight_streams_at_once_arrive_whole(ask: Ask, direct: Reply) -> None:
    replies = await asyncio.gather(*(ask(QUESTION, stream=True) for _ in range(8)))
    assert {(reply.text, reply.finish) for reply in replies} == {(direct.text, "length")}


async def test_an_unknown_model_is_refused_with_close_names(turnout: TurnoutServer) -> None:
    sdk = openai.client(turnout.openai_url)
    with pytest.raises(NotFoundError, match="Did you mean tiny"):
        await openai.ask(sdk, Question(prompt="Hello", model="tinny"), stream=False)
