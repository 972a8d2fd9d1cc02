"""One provider's stage: a simulator, Turnout in front of it, and a recorder in front of Turnout."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.simulator.raw import ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import TurnoutServer

from .client import KEY
from .providers import Provider
from .recorder import Recorder, recording

POLL_SECONDS = 0.05


class Stage:
    def __init__(self, provider: Provider, simulator: Simulator, turnout: TurnoutServer, recorder: Recorder) -> None:
        self.provider = provider
        self.recorder = recorder
        self._simulator = simulator
        self._turnout = turnout

    async def clear(self) -> None:
        self.recorder.exchanges.clear()
        await ask(f"{self._simulator.root}/__simulator/attempts", method="DELETE")

    async def attempts(self) -> list[dict[str, Any]]:
        """Those of questions. What counts tokens or lists models is none."""
        return [attempt for attempt in await self._log("attempts") if not attempt["wire"].endswith("-count")]

    async def requests(self) -> list[str]:
        """The bodies that the provider got."""
        return [record["body"] for record in await self._log("requests")]

    async def attempts_until(
        self, condition: Callable[[dict[str, Any]], bool], client: asyncio.Task[str] | None, seconds: float
    ) -> None:
        """Waits until the condition is true of an attempt, the client has ended, or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (client and client.done()):
            if any(condition(attempt) for attempt in await self.attempts()):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def outcomes(self) -> list[str]:
        """Those of all attempts in Turnout's records of the recorded requests."""
        ids = [exchange.reply_headers.get("x-request-id", "") for exchange in self.recorder.exchanges]
        records = [await self._record(request_id) for request_id in ids if request_id]
        return [attempt["outcome"] or "" for record in records for attempt in record.get("attempts", ())]

    async def _record(self, request_id: str) -> dict[str, Any]:
        reply = await ask(f"{self._turnout.url}/v1/requests/{request_id}", headers={"authorization": f"Bearer {KEY}"})
        record: dict[str, Any] = reply.json
        return record

    async def _log(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((await ask(f"{self._simulator.root}/__simulator/{name}")).body)
        return rows


def _config(provider: Provider, simulator: Simulator) -> dict[str, Any]:
    """Every name that a client may send is the same model. Turnout doesn't try again, so that the client has to."""
    return {
        "retries": {"attempts": 1},
        "discovery": False,
        "models": {"target": {"deployments": [provider.deployment(simulator.root)]}},
        "aliases": {"*": "target"},
        "keys": [{"key": KEY, "name": "client"}],
    }


@asynccontextmanager
async def staged(provider: Provider, folder: Path) -> AsyncIterator[Stage]:
    """``folder`` is there already. It gets the logs and Turnout's configuration."""
    simulator = Simulator(folder)
    try:
        turnout = TurnoutServer(folder, _config(provider, simulator), {}, ())
        try:
            async with recording(turnout.port) as recorder:
                yield Stage(provider, simulator, turnout, recorder)
        finally:
            turnout.kill()
    finally:
        simulator.program.kill()
