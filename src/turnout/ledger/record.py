"""The record of a request, as ``GET /v1/requests/{id}`` shows it (docs/dialects.md has the fields)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import asdict

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt, PlanRecord, Usage, usd

Attempt = AttemptStart | EndedAttempt
"""An attempt that is under way, or one that has ended."""

AttemptRecord = dict[str, Any]
"""The fields of ``AttemptStart`` without the request's id, those of ``AttemptEnd``, and three that follow from them:
``cost_usd`` and ``saved_usd``, decimal texts, and ``unpriced``, whether something was used whose price isn't known.

The fields of the end are None (``changes`` is empty) while the attempt is under way. So they are for a lost attempt,
except ``outcome`` and ``status``.
"""


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request's attempts, first one first, and the sum of the costs that are known. ``unpriced``: not all are.

    ``plan`` has the deployments in the order in which they were to be asked, and those that were left out. It is None
    where there was no choice, and as long as the first attempt is under way.
    """

    request_id: str
    attempts: tuple[AttemptRecord, ...]
    cost: int | None
    cost_usd: str | None
    unpriced: bool
    plan: dict[str, Any] | None


def request_record(request_id: str, attempts: Iterable[Attempt]) -> RequestRecord:
    records = sorted(map(_attempt_record, attempts), key=lambda record: record["number"])
    plans = [plan for record in records if (plan := record.pop("plan")) is not None]
    costs = [record["cost"] for record in records if record["cost"] is not None]
    cost = sum(costs) if costs else None
    return RequestRecord(
        request_id=request_id,
        attempts=tuple(records),
        cost=cost,
        cost_usd=_usd(cost),
        unpriced=any(record["unpriced"] for record in records),
        plan=_plan(plans[0]) if plans else None,
    )


def _plan(plan: PlanRecord) -> dict[str, Any]:
    return {
        "candidates": [asdict(step) for step in plan.candidates],
        "dropped": [{"deployment": step.deployment, "reason": step.reason} for step in plan.dropped],
    }


_NO_END: AttemptRecord = dict.fromkeys(AttemptEnd.__struct_fields__[1:]) | {
    "changes": (),
    "cost_usd": None,
    "saved_usd": None,
    "unpriced": False,
}


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    if isinstance(attempt, AttemptStart):
        return _start_record(attempt) | _NO_END
    if attempt.end is None:
        lost = {"outcome": "lost", "status": 0, "cost": attempt.cost}
        return _start_record(attempt.start) | _NO_END | lost | _derived(attempt)
    return _start_record(attempt.start) | asdict(attempt.end) | _derived(attempt)


def _derived(attempt: EndedAttempt) -> AttemptRecord:
    usage, cost = attempt.usage, attempt.cost
    return {
        "usage": None if usage is None else _usage_record(usage),
        "cost_usd": _usd(cost),
        "saved_usd": None if attempt.end is None else _usd(attempt.end.saved),
        "unpriced": usage is not None and cost is None,
    }


def _usage_record(usage: Usage) -> dict[str, Any]:
    """All fields but those of its ``extra`` that have nothing."""
    extra: dict[str, Any] = msgspec.to_builtins(usage.extra)
    return {name: value for name, value in asdict(usage).items() if name != "extra"} | extra


def _start_record(start: AttemptStart) -> AttemptRecord:
    return {name: value for name, value in asdict(start).items() if name != "request_id"}


def _usd(cost: int | None) -> str | None:
    return None if cost is None else usd(cost)
