"""Two real llama.cpp servers with one model: the first is killed at a random token, and the second goes on.

At temperature 0 both say the same, so what the client gets is byte for byte the whole answer. The model never ends by
itself, so a stop sequence ends the answer: a limit in tokens can't be carried over exactly.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from scripts.live_llama_server import llama_server
from tests.support.process import Program, free_port
from tests.support.sdks import Question, openai
from tests.support.turnout_server import StartTurnout, TurnoutServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

SEAMS = 100
MOST_KILLS = 3 * SEAMS
"""Sometimes the rest of the answer is on its way already."""
WORDS = 2400
STOP_WORDS = 4
PROMPT = "Where does the train go?"


class Servers:
    """``first`` is started anew after each kill, at the same address."""

    def __init__(self, program: str, model: Path, folder: Path) -> None:
        self._arguments = program, model, folder
        self.first_port, self.second_port = free_port(), free_port()
        self.second: Program = llama_server(*self._arguments, self.second_port)
        self.first: Program = llama_server(*self._arguments, self.first_port)

    def revive_first(self) -> None:
        self.first = llama_server(*self._arguments, self.first_port)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    model = Path(os.environ["LIVE_MODEL"])
    running = Servers(os.environ["LIVE_LLAMA_SERVER"], model, tmp_path_factory.mktemp("llama"))
    yield running
    running.first.kill()
    running.second.kill()


@pytest.fixture(scope="module")
def turnout(servers: Servers, start_shared_turnout: StartTurnout) -> TurnoutServer:
    deployments = [
        {"provider": "llamacpp", "model": "tiny", "base_url": f"http://127.0.0.1:{port}/v1"}
        for port in (servers.first_port, servers.second_port)
    ]
    return start_shared_turnout({"health": {"failures": 1000}, "models": {"tiny": {"deployments": deployments}}})


def _asked(stop: str | None) -> dict[str, Any]:
    question = Question(prompt=PROMPT, model="tiny", max_tokens=WORDS * 2)
    return openai.body(question) | {"temperature": 0, "stop": stop}


async def _say(sdk: AsyncOpenAI, stop: str | None) -> str:
    text: str = (await sdk.chat.completions.create(**_asked(stop))).choices[0].message.content
    return text


async def _answer(servers: Servers) -> tuple[str, str]:
    """A long answer of the second server, and the stop sequence that ends it."""
    direct = openai.client(f"http://127.0.0.1:{servers.second_port}/v1")
    words = (await _say(direct, None)).split(" ")
    for at in range(WORDS // 2, len(words) - STOP_WORDS):
        stop = " " + " ".join(words[at : at + STOP_WORDS])
        if stop not in " ".join(words[: at + STOP_WORDS - 1]):
            return await _say(direct, stop), stop
    raise AssertionError("the model repeats itself too soon")


async def test_a_killed_engine_is_gone_on_for(servers: Servers, turnout: TurnoutServer) -> None:
    sdk, choose = openai.client(turnout.openai_url), random.Random(10)  # noqa: S311  # the same places each time
    whole, stop = await _answer(servers)
    seams = kills = 0
    while seams < SEAMS:
        # Without whole answers between, the first server would be asked last, as one that fails.
        for _ in range(2):
            assert await _say(sdk, stop) == whole
        at, text, pieces = choose.randrange(len(whole.split(" ")) // 2), "", 0
        stream = await sdk.chat.completions.create(**_asked(stop), stream=True)
        async for chunk in stream:
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            pieces += 1
            if pieces == at + 1:
                servers.first.kill()
        kills += 1
        assert text == whole, f"killed at piece {at}"
        assert kills <= MOST_KILLS, f"only {seams} answers broke off"
        record = await sdk.get(f"{turnout.url}/v1/requests/{stream.response.headers['x-request-id']}", cast_to=dict)
        seams += len(record["attempts"]) > 1
        servers.revive_first()
