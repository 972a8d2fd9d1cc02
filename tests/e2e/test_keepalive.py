"""Signs of life reach a client in its dialect's form, its SDK reads over them, and an error after them is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.clients import EVERY_DIALECT, Client
from tests.e2e.stage import TEAM_KEY, faulty
from tests.simulator.raw import Reply, ask
from tests.support.sdks import Question, openai, responses
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer
from turnout.core.framing import SSEFramer

KEEPALIVE = 0.15  # seconds
SLOW_BEFORE, SLOW_BETWEEN, SLOW_FAILURE = "slow-headers-500", "slow-between-400", "slow-headers-500-status-500"
PROMPT = "one two"
SAID = "You said: one two"
MESSAGES = {"messages": [{"role": "user", "content": PROMPT}], "stream": True}
PARTS = {"contents": [{"parts": [{"text": PROMPT}]}]}
COMMENT = b": keepalive\n\n"
FORMS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "/v1/chat/completions": (COMMENT, MESSAGES),
    "/v1/completions": (COMMENT, {"prompt": PROMPT, "stream": True}),
    "/v1/responses": (COMMENT, {"input": PROMPT, "stream": True}),
    "/v1/messages": (b'event: ping\ndata: {"type":"ping"}\n\n', {**MESSAGES, "max_tokens": 99}),
    "/v1beta/models/{}:streamGenerateContent?alt=sse": (b"\n\n", PARTS),
    "/v1beta/models/{}:streamGenerateContent": (b" ", PARTS),
    "/api/chat": (b" ", MESSAGES),
    "/api/generate": (b" ", {"prompt": PROMPT}),
    "/api/models/chat": (COMMENT, MESSAGES),
    "/completion": (COMMENT, {"prompt": PROMPT, "stream": True}),
    "/generate": (b" ", {"prompt": PROMPT, "stream": True}),
}
every_path = pytest.mark.parametrize("path", FORMS)


@pytest.fixture(scope="module")
def turnout(simulator: Simulator, start_shared_turnout: StartTurnout) -> TurnoutServer:
    return start_shared_turnout(
        {
            "server": {"keepalive": KEEPALIVE},
            "keys": [{"key": TEAM_KEY}],
            "retries": {"attempts": 1},
            "providers": {
                "openai": {"base_url": f"{simulator.root}/v1", "api_key": "sk-x"},
                "anthropic": {"base_url": simulator.root, "api_key": "sk-ant-x"},
            },
        }
    )


async def streamed(turnout: TurnoutServer, path: str, model: str) -> Reply:
    headers = {"authorization": f"Bearer {TEAM_KEY}"}
    return await ask(turnout.url + path.format(model), {"model": model, **FORMS[path][1]}, headers)


def values_of(reply: Reply) -> list[Any]:
    """The JSON values of a stream, however it is framed."""
    if reply.headers["content-type"] == "text/event-stream":
        data = [data for _, data in SSEFramer().feed(reply.body) if data != b"[DONE]"]
        return [value for value in map(json.loads, data) if value != {"type": "ping"}]
    if reply.headers["content-type"] == "application/json":
        array: list[Any] = json.loads(reply.body)
        return array
    return [json.loads(line) for line in reply.body.decode().splitlines()]


@every_path
async def test_a_stream_that_is_silent_shows_that_it_is_alive(turnout: TurnoutServer, path: str) -> None:
    """Before the first word and between two words, and it stays readable."""
    keepalive, _ = FORMS[path]
    before = await streamed(turnout, path, faulty("anthropic", SLOW_BEFORE))
    assert before.body.startswith(keepalive)
    between = await streamed(turnout, path, faulty("anthropic", SLOW_BETWEEN))
    assert between.body.removeprefix(keepalive).count(keepalive) > 1
    for reply in (before, between):
        assert (reply.status, reply.end) == (200, "complete")
        assert "two" in json.dumps(values_of(reply))


@every_path
async def test_a_stream_that_is_not_silent_has_no_signs_of_life(turnout: TurnoutServer, path: str) -> None:
    keepalive, _ = FORMS[path]
    reply = await streamed(turnout, path, faulty("openai", ""))
    assert reply.headers["x-turnout-provider"] == "openai"
    assert keepalive in (b" ", b"\n\n") or keepalive not in reply.body
    assert not reply.body.startswith((b" ", b"\n"))


@every_path
async def test_an_error_after_a_sign_of_life_is_told_in_the_stream(turnout: TurnoutServer, path: str) -> None:
    model = faulty("anthropic", SLOW_FAILURE)
    reply = await streamed(turnout, path, model)
    assert (reply.status, reply.end) == (200, "complete")
    assert reply.headers["x-turnout-model"] == model
    assert "x-turnout-deployment" not in reply.headers
    assert "500" in json.dumps(values_of(reply)[-1])


@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_the_sdks_read_over_signs_of_life(turnout: TurnoutServer, dialect: str) -> None:
    client = Client(dialect, turnout.url)
    for script in (SLOW_BEFORE, SLOW_BETWEEN):
        for provider in ("openai", "anthropic"):
            reply = await client.ask(faulty(provider, script), PROMPT, stream=True)
            assert (reply.text, reply.finish) == (SAID, "stop")
    with pytest.raises(Exception, match="500"):
        await client.ask(faulty("openai", SLOW_FAILURE), PROMPT, stream=True)


async def test_the_sdk_of_responses_reads_over_signs_of_life(turnout: TurnoutServer) -> None:
    sdk = openai.client(turnout.openai_url, TEAM_KEY)
    for script in (SLOW_BEFORE, SLOW_BETWEEN):
        question = Question(prompt=PROMPT, model=faulty("anthropic", script))
        assert (await responses.ask(sdk, question, stream=True)).text == SAID


async def test_an_answer_that_is_not_streamed_keeps_its_status(turnout: TurnoutServer) -> None:
    body = {"model": faulty("anthropic", SLOW_FAILURE), **MESSAGES, "stream": False}
    reply = await ask(f"{turnout.url}/v1/chat/completions", body, {"authorization": f"Bearer {TEAM_KEY}"})
    assert reply.status == 500
