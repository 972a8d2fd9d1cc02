"""What the ledger keeps of a plan."""

from __future__ import annotations

from typing import Final

from turnout.core import PlannedStep, PlanRecord
from turnout.routing import Plan

_MOST_STEPS: Final = 16
_LONGEST_REASON: Final = 300  # characters


def plan_record(planned: Plan) -> PlanRecord | None:
    """None where there was no choice. A long plan is cut."""
    if len(planned.candidates) < 2 and not planned.dropped:
        return None
    return PlanRecord(
        tuple(
            [
                PlannedStep(each.deployment.id, each.reason[:_LONGEST_REASON], each.scores)
                for each in planned.candidates[:_MOST_STEPS]
            ]
        ),
        tuple(
            [PlannedStep(each.deployment.id, each.reason[:_LONGEST_REASON]) for each in planned.dropped[:_MOST_STEPS]]
        ),
    )
