"""A disk that takes no record: nothing is sent, the client gets a clear error, and it goes on by itself."""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import Any

import pytest

from tests.e2e.backends import simulator_address
from tests.e2e.stage import PATIENCE
from tests.simulator.raw import Reply, ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

MODEL = "sim-words-971"  # nobody else asks for so many
BODY = {"model": "sim", "messages": [{"role": "user", "content": "one two three"}]}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process's files")


def limit_files(server: TurnoutServer, size: int) -> None:
    """From now on, no file of the server grows beyond ``size`` bytes."""
    pid = server.program.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


async def chat(server: TurnoutServer, stream: bool) -> Reply:
    return await ask(f"{server.url}/v1/chat/completions", BODY | {"stream": stream})


async def billed(simulator: Simulator) -> int:
    """The attempts that the provider has seen."""
    reply = await ask(f"{simulator.root}/__simulator/attempts?model={MODEL}")
    attempts: list[Any] = reply.json
    return len(attempts)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_nothing_is_sent_that_cannot_be_recorded(
    start_turnout: StartTurnout, simulator: Simulator, stream: bool
) -> None:
    place = {"provider": "openai", "model": MODEL, "base_url": simulator_address(simulator, "openai")}
    server = start_turnout({"models": {"sim": {"deployments": [place]}}}, env={"OPENAI_API_KEY": "sk-1"})
    assert (await chat(server, stream)).status == 200
    before = await billed(simulator)
    limit_files(server, 0)
    reply = await chat(server, stream)
    assert (reply.status, reply.json["error"]["code"]) == (503, "unrecorded")
    assert str(server.data_dir) in reply.body.decode()
    assert await billed(simulator) == before
    limit_files(server, resource.RLIM_INFINITY)
    async with asyncio.timeout(PATIENCE):
        while (reply := await chat(server, stream)).status != 200:
            assert reply.status == 503
    assert await billed(simulator) == before + 1
