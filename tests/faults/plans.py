"""Random plans of deployments with random faults, the same ones each time."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from tests.faults.received import DIALECTS
from tests.faults.table import CLOSED, GOES_ON, SILENCE, WIRES, WITHOUT_PREFILL
from tests.support.turnout_server import NOBODY

COUNT = 200
LENGTH = 12
SILENT = ("no-reply", "stall")
FAULTS = (
    CLOSED,
    "reset",
    "no-reply",
    "error-body",
    "html",
    *(f"status-{status}" for status in (401, 404, 408, 429, 500, 502, 503, 529)),
    "status-429-retry-ms-50",
    "no-end",
    *("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html", "stall"),
)
PLACED = FAULTS[-8:]
"""Faults with a place in the answer."""


class Deployment(msgspec.Struct, frozen=True):
    """``fault`` is empty where there is none."""

    wire: str
    fault: str
    name: str


class Plan(msgspec.Struct, frozen=True):
    number: int
    dialect: str
    stream: bool
    tried: tuple[Deployment, ...]

    @property
    def model(self) -> str:
        return f"plan-{self.number}"

    @property
    def deployments(self) -> list[dict[str, Any]]:
        return [_configured(deployment) for deployment in self.tried]

    @property
    def streams_responses(self) -> bool:
        return self.stream and self.dialect == "responses"

    @property
    def must_be_whole(self) -> bool:
        """Whether the last deployment can answer, whatever the others have done."""
        last = self.tried[-1]
        return not last.fault and (last.wire not in WITHOUT_PREFILL or not self.stream)


def _configured(deployment: Deployment) -> dict[str, Any]:
    fields: dict[str, Any] = {"provider": deployment.wire, "model": deployment.name}
    if not deployment.fault and deployment.wire not in WITHOUT_PREFILL:
        fields["traits"] = {"prefill": "partial" if deployment.wire == "compatible" else True}
    if deployment.fault == CLOSED:
        fields["base_url"] = NOBODY
    if any(word in deployment.fault for word in SILENT):
        fields["timeouts"] = SILENCE
    return fields


def _plan(number: int, choose: random.Random) -> Plan:
    tried = [
        _deployment(f"plan{number}x{at}", choose.choice(WIRES), _fault(choose)) for at in range(choose.randint(0, 3))
    ]
    ending = choose.random()
    if ending < 0.7 or not tried:
        tried.append(_deployment(f"plan{number}last", GOES_ON if ending < 0.5 else choose.choice(WIRES), ""))
    return Plan(number, choose.choice(DIALECTS), choose.random() < 0.7, tuple(tried))


def _fault(choose: random.Random) -> str:
    fault = choose.choice(FAULTS)
    if choose.random() < 0.5:
        place = choose.choice(("after", "at", "byte"))
        at = choose.randrange(3000) if place == "byte" else choose.randrange(LENGTH + 3)
        fault = f"{choose.choice(PLACED)}-{place}-{at}"
    return fault


def _deployment(mark: str, wire: str, fault: str) -> Deployment:
    return Deployment(wire, fault, f"sim-words-{LENGTH}-id-{mark}" + (f"-{fault}" if fault else ""))


_choose = random.Random(10)  # noqa: S311  # the same plans each time
PLANS = tuple(_plan(number, _choose) for number in range(COUNT))
