"""Kept answers are thrown away by model, key and tag, in every process."""

from __future__ import annotations

import asyncio

import pytest

from tests.cache.served import ADMIN, ALICE, BOB, Served, config, new_model, until
from tests.cli.support import invoke
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout


async def status(served: Served, model: str, key: str = ALICE, **headers: str) -> str:
    return (await served.chat(model, "Hello?", key, headers)).headers["x-turnout-cache"]


async def test_by_model_key_and_tag(served: Served) -> None:
    one, other = new_model("openai"), new_model("openai")
    for model in (one, other):
        for key in (ALICE, BOB):
            assert await status(served, model, key) == "MISS"
    gone = await served.get(f"/v1/cache?model={one}&key_id=alice", method="DELETE")
    assert gone.json == {"object": "cache.purged", "purged": 1}
    left = [await status(served, *each) for each in ((one, BOB), (other, ALICE), (other, BOB))]
    assert left == ["HIT"] * 3
    assert await status(served, one, ALICE) == "MISS"
    assert (await served.get("/v1/cache?tag=nobody", method="DELETE")).json["purged"] == 0


async def test_only_an_admin_may_look_and_purge(served: Served) -> None:
    for method in ("GET", "DELETE"):
        assert (await served.get("/v1/cache", ALICE, method)).status == 403
    misspelt = await served.get("/v1/cache?modle=x", method="DELETE")
    assert (misspelt.status, misspelt.json["error"]["param"]) == (400, "modle")


async def test_the_command_shows_and_purges(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_ADMIN_KEY", ADMIN)
    model = new_model("openai")
    assert [await status(served, model) for _ in range(2)] == ["MISS", "HIT"]
    words = ("cache", "--url", served.turnout.url)
    shown = await asyncio.to_thread(invoke, *words, "stats")
    assert "Hits" in shown.stdout
    assert "Memory" in shown.stdout
    purged = await asyncio.to_thread(invoke, *words, "purge", "--model", model)
    assert purged.stdout == "1 answer purged.\n"
    assert await status(served, model) == "MISS"
    assert (await asyncio.to_thread(invoke, *words, "purge")).exit_code == 2


async def test_without_a_cache_nothing_is_told(simulator: Simulator, start_turnout: StartTurnout) -> None:
    without = config(simulator) | {"cache": {}}
    plain = Served(start_turnout(without), simulator)
    reply = await plain.chat(new_model("openai"), "Hello?", headers={"cache-control": "no-cache"})
    assert reply.status == 200
    assert "x-turnout-cache" not in reply.headers
    assert (await plain.get("/v1/cache")).status == 404


async def test_all_processes_purge_and_add_up(simulator: Simulator, start_turnout: StartTurnout) -> None:
    two = Served(start_turnout(config(simulator), args=("--workers", "2")), simulator)
    model = new_model("openai")

    async def asked(number: int) -> bool:
        await asyncio.gather(*[status(two, model) for _ in range(20)])
        return await two.attempts(model) >= number

    async def counted() -> bool:
        told = (await two.get("/v1/cache")).json
        return (told["store"], told["error"], told["requests"]["miss"] >= 4) == ("memory", None, True)

    await until(lambda: asked(2))  # each process has asked for itself
    await two.get(f"/v1/cache?model={model}", method="DELETE")
    await until(lambda: asked(4))  # and again: both have purged
    await until(counted)
