"""A server whose answers are kept, in front of the simulator, and clients of every dialect that ask it."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.e2e.backends import simulator_address
from tests.e2e.clients import Client
from tests.simulator.raw import Reply as RawReply
from tests.simulator.raw import ask as ask_raw
from tests.support.sdks import Reply
from tests.support.simulator import Simulator
from tests.support.turnout_server import TurnoutServer

ALICE, BOB, ADMIN = "tk-alice-SECRET-8d1", "tk-bob-SECRET-9e2", "tk-admin-SECRET-7c3"
PROVIDERS = ("openai", "anthropic", "gemini", "ollama")
PRICE = {"input": 3, "output": 15}
CERTAIN: Mapping[str, Any] = {
    "openai": {"temperature": 0},
    "anthropic": {"extra_body": {"temperature": 0}},
    "gemini": {"config": {"temperature": 0.0}},
    "ollama": {"options": {"temperature": 0}},
}
"""How each SDK says temperature 0."""

_PATIENCE = 20.0  # seconds
_numbers = itertools.count(1)


def config(simulator: Simulator, **exact: Any) -> dict[str, Any]:
    return {
        "cache": {"exact": exact},
        "keys": [
            {"key": ALICE, "name": "alice", "user": "alice", "team": "blue"},
            {"key": BOB, "name": "bob", "user": "bob", "team": "blue"},
            {"key": ADMIN, "name": "boss", "admin": True},
        ],
        "health": {"failures": 1000},
        "retries": {"attempts": 1},
        "providers": {
            provider: {"base_url": simulator_address(simulator, provider), "api_key": "sk-test", "price": PRICE}
            for provider in PROVIDERS
        },
        "models": {
            "sampled": {"deployments": ["openai/sim-id-sampled"], "cache": "always"},
            "continued": {
                "deployments": ["openai/sim-cut-stream-after-2-id-seam", "openai/sim-id-seam"],
                "midstream": "restart",
            },
            "never": {"deployments": ["openai/sim-id-uncached"], "cache": "never"},
        },
    }


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never became true")


def new_model(provider: str, script: str = "") -> str:
    """A model that no other test asks for."""
    return f"{provider}/sim-{script}-id-cache{next(_numbers)}x".replace("sim--id", "sim-id")


class Served:
    def __init__(self, turnout: TurnoutServer, simulator: Simulator) -> None:
        self.turnout = turnout
        self.simulator = simulator

    async def ask(self, dialect: str, model: str, prompt: str, *, stream: bool, key: str = ALICE, **more: Any) -> Reply:
        client = Client(dialect, self.turnout.url, key)
        return await client.ask(model, prompt, stream=stream, sent=CERTAIN[dialect], **more)

    async def chat(
        self, model: str, prompt: str, key: str = ALICE, headers: Mapping[str, str] | None = None, **more: Any
    ) -> RawReply:
        """Without an SDK, in OpenAI's dialect."""
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "temperature": 0} | more
        return await self.post("/v1/chat/completions", body, key, headers)

    async def post(
        self, path: str, body: Mapping[str, Any], key: str = ALICE, headers: Mapping[str, str] | None = None
    ) -> RawReply:
        said = {"authorization": f"Bearer {key}", "content-type": "application/json"} | dict(headers or {})
        return await ask_raw(self.turnout.url + path, body, said)

    async def get(self, path: str, key: str = ADMIN, method: str = "GET") -> RawReply:
        return await ask_raw(self.turnout.url + path, headers={"authorization": f"Bearer {key}"}, method=method)

    async def attempts(self, model: str) -> int:
        """How often the simulator was asked for the model."""
        upstream_model = model.partition("/")[2]
        reply = await ask_raw(f"{self.simulator.root}/__simulator/attempts?model={upstream_model}")
        return len(json.loads(reply.body))
