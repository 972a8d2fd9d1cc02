"""What the chaos happens to: two servers on one Postgres, whose every provider is the simulator."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from scripts.chaos.asked import FIRST, HEDGED, LAST, SECOND
from tests.faults.stage import PATHS
from tests.faults.table import GOES_ON, WIRES
from tests.simulator.raw import ask
from tests.support.postgres import Postgres
from tests.support.turnout_server import TurnoutServer

INPUT_PRICE, OUTPUT_PRICE = 3, 15
"""Dollars for a million tokens, which is microdollars for one."""
_SILENCE: Final = {"first_token": 1.5, "first_byte": 1.5, "stall": 1.5}
"""Seconds. A busy machine is late by less, and what is late by more is billed without being seen."""
_SETTLED_WITHIN: Final = 60.0
_BUDGET: Final = {"budget_usd": {"total": 1_000_000}}
"""Every model has one, which is never spent: what is reserved has to come back."""

_ADMIN, _KEY_NAME = "tk-chaos-SECRET-1", "chaos"


def config(simulator: str) -> dict[str, Any]:
    """A model for each wire, whose first two deployments may be sick. ``simulator`` is its address."""
    fields = {"api_key": "sk-simulated", "price": {"input": INPUT_PRICE, "output": OUTPUT_PRICE}}
    providers: dict[str, Any] = {wire: {"base_url": simulator + PATHS[wire], **fields} for wire in WIRES}
    providers["azure"]["api_version"] = "2024-10-21"
    models: dict[str, Any] = {wire: {"deployments": _deployments(at), **_BUDGET} for at, wire in enumerate(WIRES)}
    models[HEDGED] = {"hedge": True, "deployments": _deployments(0), **_BUDGET}
    retries = {"attempts": 2, "backoff": 0.01, "backoff_max": 0.1}
    return {
        "discovery": False,
        "auth": {"required": False},
        "retries": retries,
        "providers": providers,
        "models": models,
        "keys": [{"key": _ADMIN, "name": _KEY_NAME, "admin": True}],
    }


def environment(simulator: str) -> dict[str, str]:
    """Where Turnout looks for local servers."""
    local = {"OLLAMA_URL": "ollama", "LLAMA_CPP_URL": "llamacpp", "VLLM_URL": "vllm"}
    return {variable: simulator + PATHS[wire] for variable, wire in local.items()}


def _deployments(at: int) -> list[dict[str, Any]]:
    return [
        {"provider": WIRES[at], "model": FIRST, "timeouts": _SILENCE},
        {"provider": WIRES[at - 1], "model": SECOND, "timeouts": _SILENCE},
        {"provider": GOES_ON, "model": LAST, "traits": {"prefill": True}},
    ]


class Served:
    """A server that is killed and started again, on the same data. ``server`` is None while it is down."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], env: Mapping[str, str]) -> None:
        folder.mkdir()
        self.server: TurnoutServer | None = None
        self._folder = folder
        self._settings = settings
        self._env = env
        self._turn = asyncio.Lock()
        self._disk = asyncio.Lock()

    async def start(self) -> None:
        self.server = await asyncio.to_thread(TurnoutServer, self._folder, self._settings, self._env, ())

    async def kill(self) -> None:
        """SIGKILL, and a new start."""
        async with self._turn:
            server, self.server = self.server, None
            if server is not None:
                await asyncio.to_thread(server.kill)
            await self.start()

    async def fill_disk(self, seconds: float) -> None:
        """The process can't write to any file for that time, as on a full disk."""
        async with self._disk:
            if self.server is None:
                return
            process = self.server.program
            soft, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, hard))
            await asyncio.sleep(seconds)
            if self.server is not None and self.server.program is process:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, hard))

    async def settled(self) -> None:
        """Waits until the journals of those that were killed are in the database, and nothing is reserved any more."""
        if self.server is None:
            raise AssertionError(f"{self._folder} has no server")
        async with asyncio.timeout(_SETTLED_WITHIN):
            while len(_journals(self._folder)) > 1:  # noqa: ASYNC110  # another process empties it
                await asyncio.sleep(0.05)
            while any(each["reserved"] != "0" for each in await self.budgets()):  # noqa: ASYNC110  # its own sweep
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Ends it in order."""
        if self.server is None:
            raise AssertionError(f"{self._folder} has no server")
        await asyncio.to_thread(self.server.stop)
        left = _journals(self._folder)
        if left:
            raise AssertionError(f"{self._folder}: attempts are left that no database has: {left}")

    async def budgets(self) -> list[dict[str, Any]]:
        """Those of all models, as this server shows them."""
        if self.server is None:
            raise AssertionError(f"{self._folder} has no server")
        told = await ask(
            f"{self.server.url}/v1/keys/{_KEY_NAME}/policy", None, {"authorization": f"Bearer {_ADMIN}"}, method="GET"
        )
        if told.status != 200:
            raise AssertionError(f"the budgets can't be read: {told.body!r}")
        return [gauge for gauge in told.json["gauges"] if gauge["unit"] == "usd"]

    def end(self) -> None:
        """At once."""
        if self.server is not None:
            self.server.kill()


def _journals(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "journal").iterdir() if path.is_dir()]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt in the ledger. Times are microseconds, costs picodollars. A lost one has no ``total``."""

    attempt_id: str
    session: str
    number: int
    started: int
    model: str
    outcome: str
    status: int
    total: int | None
    input: int | None
    output: int | None
    cost: int | None
    source: str | None
    rule: str | None


_COLUMNS: Final = {"model": "upstream_model", "source": "usage_source", "rule": "billing_rule"}


def rows_of(postgres: Postgres, database: str) -> list[Row]:
    """Every attempt in the ledger, in order of start."""
    columns = ", ".join(_COLUMNS.get(name, name) for name in Row.__struct_fields__)
    found = postgres.sql(f"SELECT {columns} FROM attempts ORDER BY started", database)  # our own names
    values = [dict(zip(Row.__struct_fields__, line.split("|"), strict=True)) for line in found]
    return [msgspec.convert({name: text or None for name, text in row.items()}, Row, strict=False) for row in values]
