"""The configuration is edited while the server runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.e2e.backends import simulator_address
from tests.e2e.stage import PATIENCE
from tests.simulator.raw import Reply
from tests.simulator.raw import ask as ask_raw
from tests.simulator.raw import send as send_raw
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

FIRST, SECOND = "tk-first", "tk-second"


@pytest.fixture
def config(simulator: Simulator) -> dict[str, Any]:
    deployment = {"provider": "openai", "model": "sim", "base_url": simulator_address(simulator, "openai")}
    return {"models": {"old": {"deployments": [deployment]}}, "keys": [{"key": FIRST}]}


async def ask(server: TurnoutServer, model: str, key: str = FIRST) -> Reply:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}]}
    return await ask_raw(f"{server.url}/v1/chat/completions", body, {"authorization": f"Bearer {key}"})


async def catalog_health(server: TurnoutServer) -> dict[str, Any]:
    told: dict[str, Any] = (await ask_raw(f"{server.url}/health", headers={"authorization": f"Bearer {FIRST}"})).json
    return {"status": told["status"], **told["parts"]["catalog"]}


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await true():
        assert time.monotonic() < deadline, f"never {what}"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("args", [(), ("--workers", "2")], ids=["alone", "two-workers"])
async def test_an_edit_takes_effect(start_turnout: StartTurnout, config: dict[str, Any], args: tuple[str, ...]) -> None:
    """New models and keys are there, old ones are gone, in every worker: each connection may meet another."""
    server = start_turnout(config, env={"OPENAI_API_KEY": "sk-1"}, args=args)
    assert (await ask(server, "old")).status == 200
    assert (await ask(server, "new")).status == 404
    server.configure({"models": {"new": config["models"]["old"]}, "keys": [{"key": SECOND}]})

    async def everywhere() -> bool:
        replies = [*(await asyncio.gather(*(ask(server, "new", SECOND) for _ in range(12))))]
        processes = {reply.headers["x-request-id"][:-8] for reply in replies}
        return {reply.status for reply in replies} == {200} and len(processes) == (2 if args else 1)

    await until(everywhere, "the new model in every worker")
    assert (await ask(server, "old", SECOND)).status == 404
    assert (await ask(server, "new", FIRST)).status == 401


async def test_a_broken_edit_keeps_what_runs_and_says_why(start_turnout: StartTurnout, config: dict[str, Any]) -> None:
    server = start_turnout(config, env={"OPENAI_API_KEY": "sk-1"})
    server.configure("models:\n  old: openai/sim\n  new: {deploymints: []}\nkeys: [{key: tk-SECRET-1}]\n")

    async def told() -> bool:
        return bool((await catalog_health(server))["status"] == "degraded")

    await until(told, "degraded")
    health = await catalog_health(server)
    problem = f"{server.config_path}:3: models.new.deploymints: unknown key; did you mean 'deployments'?"
    assert not health["ok"]
    assert problem in health["error"]
    assert problem in server.log()
    assert "tk-SECRET-1" not in server.log()
    assert (await ask(server, "old")).status == 200
    server.configure(config | {"models": config["models"] | {"mended": config["models"]["old"]}})

    async def mended() -> bool:
        return (await ask(server, "mended")).status == 200

    await until(mended, "mended")
    assert (await catalog_health(server))["status"] == "ok"


async def test_a_stream_in_flight_outlives_an_edit(start_turnout: StartTurnout, config: dict[str, Any]) -> None:
    """Its model and its key are gone; it goes on."""
    (deployment,) = config["models"]["old"]["deployments"]
    slow = {"slow": {"deployments": [deployment | {"model": "sim-words-1000-slow-between-50"}]}}
    server = start_turnout(config | {"models": slow}, env={"OPENAI_API_KEY": "sk-1"})
    body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "Hello."}]}
    headers = {"authorization": f"Bearer {FIRST}"}
    reader, writer = await send_raw(f"{server.url}/v1/chat/completions", body, headers)
    await reader.readuntil(b'" word2"')
    server.configure(config | {"keys": [{"key": SECOND}]})

    async def changed() -> bool:
        return (await ask(server, "old", SECOND)).status == 200

    await until(changed, "the new configuration")
    assert (await ask(server, "slow", SECOND)).status == 404
    await reader.readuntil(b'" word40"')
    writer.close()
