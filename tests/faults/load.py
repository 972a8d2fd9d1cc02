"""Models whose deployments are late or have a limit, on a server of their own: a process has one budget for hedging."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.faults.received import DIALECTS
from tests.faults.stage import provider
from tests.faults.table import GOES_ON, OWN, WIRES
from tests.support.simulator import Simulator

WORDS = "word1 word2 word3"
NEVER = 60_000
"""Milliseconds: nobody waits for it in these tests."""
QUEUE_SECONDS = 0.3

Row = tuple[str, str]
RELAYED: tuple[Row, ...] = tuple((wire, dialect) for dialect, wire in OWN.items())
TRANSLATED: tuple[Row, ...] = tuple((wire, DIALECTS[(at + 1) % len(DIALECTS)]) for at, wire in enumerate(WIRES) if at)
"""Each wire in the dialect of another."""


class Late(msgspec.Struct, frozen=True):
    """The scripts of two deployments when the first is late, who answers, and the outcomes in the ledger in order."""

    id: str
    first: str
    second: str
    wins: int
    outcomes: tuple[str, str]
    cells: tuple[Row, ...] = RELAYED

    def model(self, cell: Row) -> str:
        return f"{self.id}-{'-'.join(cell)}"

    def upstream(self, cell: Row) -> tuple[str, str]:
        """The names of both deployments at the simulator."""
        name = f"sim-words-3-id-{self.id.replace('-', '')}-id-{''.join(cell)}"
        return f"{name}-id-one", f"{name}-id-two"


LATE = [
    Late("late-words", f"slow-first-{NEVER}", "", 2, ("outrun", "ok")),
    Late("late-words-translated", f"slow-first-{NEVER}", "", 2, ("outrun", "ok"), TRANSLATED),
    Late("late-head", f"slow-headers-{NEVER}", "", 2, ("outrun", "ok")),
    Late("second-is-later", "slow-first-1000", f"slow-first-{NEVER}", 1, ("ok", "outrun")),
    Late("second-fails", "slow-first-1000", "status-503", 1, ("ok", "failed")),
    Late("first-fails", "slow-headers-1000-status-500", "slow-first-1500", 2, ("failed", "ok")),
]
"""A script whose deployment is not late on an idle machine waits for a second, so that it is on a busy one."""

QUEUED = [f"{dialect}-{'stream' if stream else 'unary'}" for dialect in OWN for stream in (True, False)]
"""Each has a deployment with one place, and one request may wait."""


def config(simulator: Simulator) -> dict[str, Any]:
    hedged = {late.model(cell): _hedged(late, cell) for late in LATE for cell in late.cells}
    one_place = {name: {"deployments": [_one_place(name)]} for name in QUEUED}
    impatient = _one_place("impatient") | {"timeouts": {"queue": QUEUE_SECONDS}}
    spare = {"provider": GOES_ON, "model": "sim-words-3-id-spare"}
    long = _one_place("long") | {"queue": 20}
    return {
        "discovery": False,
        "retries": {"attempts": 1},
        "providers": {wire: provider(simulator, wire) for wire in WIRES},
        "models": {
            **hedged,
            **one_place,
            "impatient": {"deployments": [impatient]},
            "with-a-spare": {"policy": "order", "deployments": [_one_place("with-a-spare"), spare]},
            "long": {"deployments": [long]},
        },
    }


def _hedged(late: Late, cell: Row) -> dict[str, Any]:
    first, second = late.upstream(cell)
    deployments = [{"provider": cell[0], "model": first}, {"provider": GOES_ON, "model": second}]
    return {"policy": "order", "hedge": True, "deployments": deployments}


def _one_place(name: str) -> dict[str, Any]:
    wire = OWN.get(name.partition("-")[0], GOES_ON)
    return {"provider": wire, "model": place_at(name), "concurrency": 1, "queue": 1}


def place_at(name: str) -> str:
    """The name of the deployment with one place at the simulator."""
    return f"sim-words-3-id-{name.replace('-', '')}"
