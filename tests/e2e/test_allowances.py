"""Limits and budgets over sockets: with one process and with four, with two servers on a Redis and on a Postgres."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.simulator.raw import Reply, ask
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.simulator import Simulator
from tests.support.turnout_server import TurnoutServer, turnouts

ADMIN = "tk-admin-SECRET"
MOST_OUTPUT = 5
BUDGET = Decimal(4)
PATIENCE = 10.0
"""Seconds until what was spent is settled everywhere."""


def config(simulator: Simulator) -> dict[str, Any]:
    deployment = {
        "provider": "openai",
        "model": "gpt-4o",
        "base_url": f"{simulator.root}/v1",
        "api_key": "sk-simulated",
        "price": {"input": 1_000, "output": 10_000},  # a tenth of a cent and a cent for each token
        "retries": {"attempts": 1},
    }
    return {
        "discovery": False,
        "health": {"failures": 1_000},
        "models": {"fast": {"deployments": [deployment]}},
        "tiers": {"basic": {"limits": "10/minute"}},
        "keys": [
            {"key": ADMIN, "name": "boss", "admin": True},
            *({"key": f"tk-limited-{n}", "name": f"limited-{n}", "tier": "basic"} for n in range(2)),
            {"key": "tk-spending-1", "name": "spending", "budget_usd": float(BUDGET)},
            {"key": "tk-failing-11", "name": "failing", "budget_usd": float(BUDGET)},
            {"key": "tk-leaving-11", "name": "leaving", "budget_usd": float(BUDGET)},
        ],
    }


class Service(NamedTuple):
    """Servers that share limits and budgets. Requests go to each in turn."""

    servers: Sequence[TurnoutServer]

    async def ask(self, number: int, key: str, says: str) -> Reply:
        body = {"model": "fast", "max_tokens": MOST_OUTPUT, "messages": [{"role": "user", "content": says}]}
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        server = self.servers[number % len(self.servers)]
        return await ask(f"{server.url}/v1/chat/completions", body, headers)

    async def ask_all(self, number: int, key: str, says: str) -> list[Reply]:
        return await asyncio.gather(*[self.ask(each, key, says) for each in range(number)])

    async def budgets_of(self, name: str) -> list[dict[str, Any]]:
        """Of the key, as each server says."""
        told = [await self._get(server, f"/v1/keys/{name}/policy") for server in self.servers]
        return [next(gauge for gauge in each["gauges"] if gauge["unit"] == "usd") for each in told]

    async def settled_budget_of(self, name: str) -> dict[str, Any]:
        """When nothing is reserved any more, and every server says the same."""
        async with asyncio.timeout(PATIENCE):
            while True:
                budgets = await self.budgets_of(name)
                if all(budget == budgets[0] and budget["reserved"] == "0" for budget in budgets):
                    return budgets[0]
                await asyncio.sleep(0.1)

    async def cost_of(self, name: str) -> Decimal:
        """By the ledger."""
        told = await self._get(self.servers[0], f"/v1/usage?key_id={name}")
        return Decimal(told["total"]["cost"]) / 10**12

    async def _get(self, server: TurnoutServer, path: str) -> Any:
        reply = await ask(f"{server.url}{path}", None, {"authorization": f"Bearer {ADMIN}"}, method="GET")
        assert reply.status == 200, reply.body
        return reply.json


WHERE = ("one-process", "four-processes", "two-on-redis", "two-on-postgres")


@pytest.fixture(scope="module", params=WHERE)
def service(
    request: pytest.FixtureRequest, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    root = tmp_path_factory.mktemp("allowances")
    where, env, args, number = request.param, {}, [], 1
    if where == "four-processes":
        args = ["--workers", "4"]
    elif where == "two-on-redis":
        redis: RedisServer = request.getfixturevalue("redis_server")
        env, number = {"REDIS_URL": redis.url}, 2
    elif where == "two-on-postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        env, number = {"DATABASE_URL": postgres.database()}, 2
    with turnouts(root) as start:
        yield Service([start(config(simulator), env=_shared(env, root), args=args) for _ in range(number)])


def _shared(env: dict[str, str], root: Path) -> dict[str, str]:
    """Servers that share a budget share their ledger, too."""
    return env | ({} if "DATABASE_URL" in env else {"DATABASE_URL": f"sqlite:///{root / 'shared.db'}"})


@pytest.mark.parametrize("number", [0, 1])
async def test_ten_a_minute_are_ten_of_sixty(service: Service, number: int) -> None:
    replies = await service.ask_all(60, f"tk-limited-{number}", "hi")
    assert Counter(reply.status for reply in replies) == {200: 10, 429: 50}
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.json["error"]["code"] == "rate_limit_exceeded"
    assert "10 requests a minute" in refused.json["error"]["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    let_through = [reply for reply in replies if reply.status == 200]
    assert {reply.headers["x-ratelimit-limit-requests"] for reply in let_through} == {"10"}
    assert min(int(reply.headers["x-ratelimit-remaining-requests"]) for reply in let_through) == 0


async def test_a_budget_is_never_passed(service: Service) -> None:
    """Each request may cost 8 cents and costs less, so at least 50 of 200 fit into 4 USD."""
    replies = await service.ask_all(200, "tk-spending-1", "[[sim words-5]]")
    statuses = Counter(reply.status for reply in replies)
    assert set(statuses) == {200, 429}, {reply.body for reply in replies if reply.status not in (200, 429)}
    assert statuses[200] >= 40
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.json["error"]["code"] == "insufficient_quota"
    assert "USD are spent" in refused.json["error"]["message"]
    budget = await service.settled_budget_of("spending")
    assert Decimal(budget["used"]) == await service.cost_of("spending")
    assert Decimal(budget["used"]) <= BUDGET


async def test_a_budget_is_whole_again_when_all_requests_fail(service: Service) -> None:
    replies = await service.ask_all(60, "tk-failing-11", "[[sim status-500]]")
    assert {reply.status for reply in replies} <= {500, 502, 429}
    assert {500, 502} & {reply.status for reply in replies}
    budget = await service.settled_budget_of("failing")
    assert (budget["used"], budget["reserved"]) == ("0", "0")
    assert (await service.ask(0, "tk-failing-11", "hi")).status == 200
