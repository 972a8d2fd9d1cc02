"""One Turnout and one simulator for all faults. Each case has a model of its own, with two deployments of its own.

So no case is changed by what another has taught Turnout of a deployment, and cases can run at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import msgspec

from tests.faults.plans import PLANS
from tests.faults.received import Received, received, request
from tests.faults.table import AT_BYTES, AT_EVENTS, CLOSED, FAULTS, WIRES, WITHOUT_PREFILL, Fault
from tests.simulator.raw import ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY, TurnoutServer

PROMPT = "Say some words, please."
PRICE = {"input": 3, "output": 15}
PATHS: Mapping[str, str] = {
    "openai": "/v1",
    "azure": "",
    "anthropic": "",
    "gemini": "/v1beta",
    "ollama": "",
    "llamacpp": "/llamacpp/v1",
    "vllm": "/vllm/v1",
    "compatible": "/compatible/v1",
}
MOST_AT_ONCE = 48
PATIENCE = 6.0
"""Seconds of silence after which the caller is not answered."""


class Case(msgspec.Struct, frozen=True):
    """A fault on a wire, met by a client of a dialect."""

    fault: Fault
    wire: str
    dialect: str

    @property
    def model(self) -> str:
        return f"{self.wire}-{self.dialect}-{self.fault.id}-{self.fault.length}"

    @property
    def upstream(self) -> tuple[str, str]:
        """The names of both deployments at the simulator."""
        name = f"sim-words-{self.fault.length}-id-{self.wire}{self.dialect}-id-{self.fault.id.replace('-', '')}"
        second = self.fault.second_script
        return f"{name}-{self.fault.words}", f"{name}-id-second" + (f"-{second}" if second else "")


def cases(fault: Fault) -> list[Case]:
    return [Case(fault, wire, dialect) for wire, dialect in fault.cells]


def config(simulator: Simulator) -> dict[str, Any]:
    faults = (*FAULTS, *chain.from_iterable((*AT_EVENTS.values(), *AT_BYTES.values())))
    models = {case.model: _model(case) for fault in faults for case in cases(fault)}
    models |= {plan.model: {"deployments": plan.deployments} for plan in PLANS}
    healthy = {f"healthy-{wire}": {"deployments": [_deployment(wire, "sim-words-24")]} for wire in WIRES}
    return {
        "discovery": False,
        "retries": {"attempts": 2, "backoff": 0.01, "backoff_max": 2.5},
        "providers": {wire: provider(simulator, wire) for wire in WIRES},
        "models": models | healthy,
    }


def environment(simulator: Simulator) -> dict[str, str]:
    """Local servers' addresses come from here, as the harness sets these variables, too."""
    local = {"OLLAMA_URL": "ollama", "LLAMA_CPP_URL": "llamacpp", "VLLM_URL": "vllm"}
    return {variable: address(simulator, wire) for variable, wire in local.items()}


def address(simulator: Simulator, wire: str) -> str:
    return simulator.root + PATHS[wire]


def provider(simulator: Simulator, wire: str) -> dict[str, Any]:
    fields = {"base_url": address(simulator, wire), "api_key": "sk-simulated", "price": PRICE}
    return fields | ({"api_version": "2024-10-21"} if wire == "azure" else {})


def _model(case: Case) -> dict[str, Any]:
    first, second = case.upstream
    failing = _deployment(case.wire, first) | {"timeouts": case.fault.timeouts}
    if case.fault.words == CLOSED:
        failing["base_url"] = NOBODY
    deployments = [failing, goes_on(case.fault.onto, second)]
    for deployment, context in zip(deployments, case.fault.contexts or (), strict=False):
        deployment["traits"] = {**deployment.get("traits", {}), "context": context}
    return {"deployments": deployments, **case.fault.settings}


def goes_on(wire: str, model: str) -> dict[str, Any]:
    """A deployment that takes a prefill, as the configuration says, but for OpenAI's own models."""
    if wire in WITHOUT_PREFILL:
        return _deployment(wire, model)
    return _deployment(wire, model) | {"traits": {"prefill": "partial" if wire == "compatible" else True}}


def _deployment(wire: str, model: str) -> dict[str, Any]:
    return {"provider": wire, "model": model}


Attempts = dict[str, list[dict[str, Any]]]


class Seen(msgspec.Struct):
    """What became of one request. ``took`` is in seconds. ``first`` and ``second`` are the simulator's attempts at each
    deployment, ``ledger`` is Turnout's.
    """

    got: Received
    took: float
    first: list[dict[str, Any]] = []
    second: list[dict[str, Any]] = []
    ledger: list[dict[str, Any]] = []


class Stage:
    def __init__(self, turnout: TurnoutServer, simulator: Simulator) -> None:
        self.turnout = turnout
        self.simulator = simulator
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def meet(self, met: Iterable[Case]) -> list[tuple[Case, Seen]]:
        """Asks for each case at once, and collects what all sides know of it."""
        await self.forget_attempts()
        all_cases = list(met)
        seen = list(zip(all_cases, await asyncio.gather(*map(self._ask, all_cases)), strict=True))
        attempts = await self.attempts()
        for case, at in seen:
            at.first, at.second = (attempts.get(name, []) for name in case.upstream)
        return seen

    async def forget_attempts(self) -> None:
        await ask(f"{self.simulator.root}/__simulator/attempts", method="DELETE")

    async def _ask(self, case: Case) -> Seen:
        async with self._room:
            began = time.monotonic()
            tools = case.fault.block == "call"
            got = await self.ask(case.dialect, case.model, stream=case.fault.stream, tools=tools)
            took = time.monotonic() - began
            return Seen(got, took, ledger=await self.ledger(got.request_id))

    async def ask(
        self, dialect: str, model: str, *, stream: bool, prompt: str = PROMPT, tools: bool = False
    ) -> Received:
        path, body = request(dialect, model, prompt, stream=stream, tools=tools)
        return received(dialect, await ask(self.turnout.url + path, body, patience=PATIENCE), stream=stream)

    async def ledger(self, request_id: str) -> list[dict[str, Any]]:
        record = (await ask(f"{self.turnout.url}/v1/requests/{request_id}")).json
        found: list[dict[str, Any]] = record["attempts"]
        return found

    async def attempts(self) -> Attempts:
        """The simulator's log since it was cleared, by the model's name there."""
        by_model: Attempts = {}
        for attempt in (await ask(f"{self.simulator.root}/__simulator/attempts")).json:
            by_model.setdefault(attempt["model"], []).append(attempt)
        return by_model

    async def ended_attempts(self) -> Attempts:
        """The same, when the simulator knows how each attempt has ended."""
        return await self.until(lambda attempts: all(one["ended"] for of in attempts.values() for one in of))

    async def until(self, true: Callable[[Attempts], bool]) -> Attempts:
        """The simulator's log as soon as something is true of it."""
        for _ in range(1000):
            if true(attempts := await self.attempts()):
                return attempts
            await asyncio.sleep(0.01)
        raise AssertionError(f"never came true of {attempts}")
