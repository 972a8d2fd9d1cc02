"""A model made through the API, as clients meet it: in every worker, after a restart, on every host."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from openai import APIStatusError, AsyncOpenAI

from tests.support.fresh import fresh_client
from tests.support.postgres import PASSWORD, Postgres
from tests.support.process import START_SECONDS
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

TWO_WORKERS = ("--workers", "2")
CONFIG = {"models": {"configured": "echo/echo"}}


@pytest.fixture(params=["sqlite", "postgres"])
def env(request: pytest.FixtureRequest) -> dict[str, str]:
    """The service's environment: without a database, or with a new one in Postgres."""
    key = {"TEAM_KEY": "sk-team-SECRET"}
    if request.param == "sqlite":
        return key
    server: Postgres = request.getfixturevalue("postgres")
    return key | {"DATABASE_URL": server.database()}


async def api(server: TurnoutServer, method: str, path: str, body: Any = None) -> httpx2.Response:
    return await fresh_client().request(method, f"{server.url}{path}", json=body)


async def chat(server: TurnoutServer, model: str) -> tuple[str, int, str]:
    """Who answered (the process), how, and with which upstream model; over a connection of its own."""
    sdk = AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0, http_client=fresh_client())
    try:
        reply = await sdk.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": "Hello."}]
        )
    except APIStatusError as error:
        return error.response.headers["x-request-id"][:-8], error.status_code, ""
    return reply.headers["x-request-id"][:-8], 200, reply.headers["x-turnout-deployment"]


async def everywhere(server: TurnoutServer, model: str, expected: tuple[int, str], workers: int = 2) -> None:
    """Asks until so many processes have answered, and all of them as expected."""

    async def agreed() -> bool:
        answers = await asyncio.gather(*(chat(server, model) for _ in range(8)))
        return {answer[1:] for answer in answers} == {expected} and len({answer[0] for answer in answers}) == workers

    await until(agreed, f"{model} as {expected} in {workers} processes")


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not await true():
        assert time.monotonic() < deadline, f"never {what}"
        await asyncio.sleep(0.05)


async def test_every_worker_serves_it_until_it_is_deleted_and_a_restart_changes_nothing(
    start_turnout: StartTurnout, simulator: Simulator, env: dict[str, str]
) -> None:
    server = start_turnout(CONFIG, env=env, args=TWO_WORKERS)
    model = {"id": "team/fast", "provider": "openai", "upstream_model": "sim", "api_key_env": "TEAM_KEY"}
    reply = await api(server, "POST", "/api/models", model | {"base_url": f"{simulator.root}/v1"})
    assert reply.status_code == 201, reply.text
    await everywhere(server, "team/fast", (200, "openai/sim"))
    await api(server, "PUT", "/api/models/team/fast", {"upstream_model": "sim-words-3"})
    await everywhere(server, "team/fast", (200, "openai/sim-words-3"))
    server.stop()

    again = start_turnout(CONFIG, env=env, args=TWO_WORKERS, folder=server.folder)
    assert (await chat(again, "team/fast"))[1:] == (200, "openai/sim-words-3")  # from the first request on
    assert (await api(again, "DELETE", "/api/models/team/fast")).status_code == 204
    await everywhere(again, "team/fast", (404, ""))
    for log in (server.log(), again.log()):
        assert "SECRET" not in log
        assert PASSWORD not in log


async def test_the_process_that_made_it_serves_it_before_it_says_so(start_turnout: StartTurnout) -> None:
    server = start_turnout(CONFIG)
    for number in range(10):
        await api(server, "POST", "/api/models", {"id": f"m{number}", "provider": "echo"})
        assert (await chat(server, f"m{number}"))[1] == 200


async def test_every_host_that_shares_the_database_serves_it(start_turnout: StartTurnout, postgres: Postgres) -> None:
    env = {"DATABASE_URL": postgres.database()}
    one, other = start_turnout(CONFIG, env=env), start_turnout(CONFIG, env=env)
    await api(one, "POST", "/api/models", {"id": "shared", "provider": "echo"})
    began = time.monotonic()
    await everywhere(other, "shared", (200, "echo/shared"), workers=1)
    assert time.monotonic() - began < 5  # one second, and what a busy machine adds
    await api(other, "DELETE", "/api/models/shared")
    await everywhere(one, "shared", (404, ""), workers=1)


async def test_a_file_that_brings_the_name_is_not_used_and_health_says_why(start_turnout: StartTurnout) -> None:
    server = start_turnout(CONFIG)
    await api(server, "POST", "/api/models", {"id": "mine", "provider": "echo"})
    server.configure({"models": {"configured": "echo/echo", "more": "echo/echo", "mine": "echo/other"}})

    async def refused() -> bool:
        health = (await api(server, "GET", "/health")).json()
        error = health["parts"]["catalog"]["error"] or ""
        return health["status"] == "degraded" and "models.mine: this name is taken by a model made through" in error

    await until(refused, "refused")
    assert (await chat(server, "mine"))[1:] == (200, "echo/mine")
    assert (await chat(server, "more"))[1] == 404


async def test_a_start_with_both_serves_the_file_s_and_names_both(start_turnout: StartTurnout) -> None:
    server = start_turnout({})
    await api(server, "POST", "/api/models", {"id": "mine", "provider": "echo"})
    server.stop()
    again = start_turnout({"models": {"mine": "echo/other"}}, folder=server.folder)
    assert (await chat(again, "mine"))[1:] == (200, "echo/other")
    health = (await api(again, "GET", "/health")).json()
    assert health["status"] == "degraded"
    (problem,) = health["parts"]["catalog"]["problems"]
    assert problem.startswith(f"{again.config_path}:2: models.mine: this name is taken by a model made through the API")
    assert (await api(again, "DELETE", "/api/models/mine")).status_code == 204
    assert (await api(again, "GET", "/health")).json()["status"] == "ok"


async def test_models_made_by_the_api_are_served_while_the_database_is_gone(start_turnout: StartTurnout) -> None:
    """A start needs no database to serve what was made, and making one says why it can't."""
    postgres = Postgres()
    try:
        env = {"DATABASE_URL": postgres.database()}
        server = start_turnout({}, env=env)
        await api(server, "POST", "/api/models", {"id": "mine", "provider": "echo"})
        server.kill()
        postgres.stop()
        again = start_turnout({}, env=env, folder=server.folder)
        assert (await chat(again, "mine"))[1] == 200
        reply = await api(again, "POST", "/api/models", {"id": "other", "provider": "echo"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "storage_unavailable")

        async def is_degraded() -> bool:
            return bool((await api(again, "GET", "/health")).json()["status"] == "degraded")

        await until(is_degraded, "degraded")
        again.kill()
        assert PASSWORD not in again.log()
    finally:
        postgres.remove()


async def test_only_the_owner_may_read_the_stored_file(start_turnout: StartTurnout) -> None:
    server = start_turnout({})
    await api(server, "POST", "/api/models", {"id": "mine", "provider": "openai", "api_key": "sk-own-SECRET"})
    kept = [path for path in server.data_dir.rglob("*") if path.is_file() and b"enc:1:" in path.read_bytes()]
    assert {path.name.removesuffix("-wal") for path in kept} == {"models.json", "turnout.db"}
    kept.append(server.data_dir / "secret.key")
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
