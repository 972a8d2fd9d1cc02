"""The server that most of these tests share, and its configuration: one Turnout in front of every backend.

Besides the backends' own models, any model of the simulator can be named as ``PROVIDER/sim-FAULT`` (``faulty``).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from tests.e2e.backends import AZURE_VERSION, KEY_VARIABLES, REMOTE, WIRES, Backend, deployment, simulator_address
from tests.simulator.raw import Reply as RawReply
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import Aimock
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY, TurnoutServer

TEAM_KEY = "tk-team-SECRET-7c1f09e2b8"
NARROW_KEY = "tk-narrow-SECRET-2d94a6f01b"  # for the models of aimock only
OTHER_KEY = "tk-other-SECRET-e58b30c77a"
PROVIDER_KEYS: Mapping[str, str] = {
    variable: f"{'sk-ant-' if variable.startswith('ANTHROPIC') else 'sk-'}{variable.lower()}-SECRET-4fa1d7"
    for variable in KEY_VARIABLES.values()
}
SECRETS = (TEAM_KEY, NARROW_KEY, OTHER_KEY, *PROVIDER_KEYS.values())
INPUT_PRICE, OUTPUT_PRICE, CACHED_PRICE = 3, 15, 0.3  # USD per 1M tokens, so many picodollars a millionth of a token
JOURNAL = "what-turnout-sent"  # the test id of the requests that aimock records for the model ``journal``
PATIENCE = 10.0  # seconds
_numbers = itertools.count(1)


FALLING_BACK: dict[str, Any] = {
    "second-answers": {"deployments": ["openai/sim-status-503-id-second", "anthropic/sim-id-second"]},
    "chats-first": {"deployments": ["anthropic/sim-id-chats", "openai/sim-id-embeds"]},
    "fallback-answers": {"deployments": ["ollama/sim-status-404-id-fallback"], "fallbacks": ["second-answers"]},
    "request-at-fault": {"deployments": ["gemini/sim-status-400-id-fault", "openai/sim-id-never"]},
    "all-fail": {
        "deployments": [
            "openai/sim-status-500-id-all",
            "anthropic/sim-status-401-id-all",
            {"provider": "ollama", "model": "gone", "base_url": NOBODY},
        ],
        "fallbacks": ["gemini/sim-status-429-id-all"],
    },
    "all-are-busy": {"deployments": ["openai/sim-status-429-retry-9-id-busy", "gemini/sim-status-429-retry-7-id-busy"]},
}


def config(aimock: Aimock, simulator: Simulator, key_quoting_url: str) -> dict[str, Any]:
    models = {backend.model: _model(deployment(backend, aimock, simulator)) for backend in REMOTE}
    for provider in ("openai", "anthropic"):
        models[f"key-quoting-{provider}"] = _model({"provider": provider, "model": "m", "base_url": key_quoting_url})
    journal = deployment(Backend("aimock", "openai"), aimock, simulator) | {"headers": {"x-test-id": JOURNAL}}
    models["journal"] = _model(journal)
    models["aimock-whisper"] = _model(
        deployment(Backend("aimock", "openai"), aimock, simulator) | {"model": "whisper-1"}
    )
    for provider in ("vllm", "llamacpp", "ollama", "openai"):
        models[f"nobody-{provider}"] = _model({"provider": provider, "model": "m", "base_url": NOBODY})
    for provider in WIRES:
        for fault in ("no-reply", "stall-after-3"):
            models[f"impatient-{fault}-{provider}"] = _impatient(provider, fault)
    return {
        "log": {"level": "debug"},
        "media": {"private_hosts": ["localhost"], "max_bytes": 1_000_000},  # but not 127.0.0.1
        "health": {"failures": 1000},  # the tests ask for failures again and again
        "retries": {"attempts": 3, "backoff": 0.01, "backoff_max": 4},
        "keys": [
            {"key": "${TEAM_KEY}", "name": "team", "user": "alice"},
            {"key": "${NARROW_KEY}", "name": "narrow", "models": ["aimock-*", "echo"]},
            {"key": "${OTHER_KEY}", "name": "other"},
        ],
        "providers": {provider: _provider(simulator, provider) for provider in KEY_VARIABLES if provider != "azure-v1"},
        "models": models | FALLING_BACK,
    }


def environment(simulator: Simulator) -> dict[str, str]:
    """Local servers' addresses come from here: the harness sets them too, so that none is found by chance."""
    local = {"OLLAMA_URL": "ollama", "LLAMA_CPP_URL": "llamacpp", "VLLM_URL": "vllm"}
    addresses = {variable: simulator_address(simulator, provider) for variable, provider in local.items()}
    keys = {"TEAM_KEY": TEAM_KEY, "NARROW_KEY": NARROW_KEY, "OTHER_KEY": OTHER_KEY}
    return {**addresses, **keys, **PROVIDER_KEYS}


def _provider(simulator: Simulator, provider: str) -> dict[str, Any]:
    """The settings of a provider for the models ``PROVIDER/sim-…``."""
    price = {"input": INPUT_PRICE, "output": OUTPUT_PRICE, "cached_input": CACHED_PRICE}
    fields = {
        "base_url": simulator_address(simulator, provider),
        "api_key": f"${{{KEY_VARIABLES[provider]}}}",
        "price": price,
    }
    return fields | ({"api_version": AZURE_VERSION} if provider == "azure" else {})


def _model(*deployments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"deployments": [dict(deployment) for deployment in deployments], **more}


def _impatient(provider: str, fault: str) -> dict[str, Any]:
    """For streams 0.6 s to the first piece and from one to the next; 1.2 s for all of an answer."""
    timeouts = {"first_token": 0.6, "stall": 0.6, "total": 1.2}
    deployment = {"provider": provider, "model": f"sim-{fault}-id-impatient", "timeouts": timeouts}
    return _model(deployment, retries={"attempts": 1})


def faulty(provider: str, script: str) -> str:
    """A model of the simulator's that no other test asks for; ``script`` is in the simulator's language of faults."""
    return f"{provider}/sim-{script}-id-{next(_numbers)}x".replace("sim--id", "sim-id")


class Stage:
    """The shared server and what is behind it."""

    def __init__(self, turnout: TurnoutServer, aimock: Aimock, simulator: Simulator) -> None:
        self.turnout = turnout
        self.aimock = aimock
        self.simulator = simulator

    def root(self, upstream: str) -> str:
        return {"aimock": self.aimock.root, "simulator": self.simulator.root}[upstream]

    async def get(self, path: str, key: str = TEAM_KEY) -> RawReply:
        return await ask_raw(self.turnout.url + path, headers={"authorization": f"Bearer {key}"})

    async def post(self, path: str, body: Mapping[str, Any] | bytes, key: str = TEAM_KEY) -> RawReply:
        """A request without an SDK, for details that an SDK would hide."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return await ask_raw(self.turnout.url + path, body, headers)

    async def story(self, request_id: str) -> dict[str, Any]:
        """The ledger's record of a request."""
        record: dict[str, Any] = (await self.get(f"/v1/requests/{request_id}")).json
        return record

    async def attempts(self, model: str) -> list[dict[str, Any]]:
        """The attempts that the simulator saw for a model of ``faulty``."""
        upstream_model = model.partition("/")[2]
        reply = await ask_raw(f"{self.simulator.root}/__simulator/attempts?model={upstream_model}")
        seen: list[dict[str, Any]] = json.loads(reply.body)
        return seen

    async def attempt(self, model: str, condition: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """The last attempt that the simulator saw, once the condition is true of it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            seen = await self.attempts(model)
            if seen and condition(seen[-1]):
                return seen[-1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"the condition never became true of {model}: {await self.attempts(model)}")

    async def counted(self, sample: str, **labels: str) -> float:
        """A number of ``/metrics``: the sum of all samples of that name with those labels."""
        return counted(await self.metrics(), sample, **labels)

    async def metrics(self) -> str:
        return await asyncio.to_thread(self._metrics)

    def _metrics(self) -> str:
        """The raw client would be slow with so much text."""
        with closing(HTTPConnection("127.0.0.1", self.turnout.port)) as connection:
            connection.request("GET", "/metrics", headers={"authorization": f"Bearer {TEAM_KEY}"})
            return connection.getresponse().read().decode()


def counted(metrics: str, sample: str, **labels: str) -> float:
    label_texts = [f'{name}="{value}"' for name, value in labels.items()]
    lines = (line for line in metrics.splitlines() if line.startswith(f"{sample}{{"))
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in label_texts))
