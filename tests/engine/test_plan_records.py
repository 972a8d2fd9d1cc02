"""What the ledger keeps of a plan is bounded."""

from __future__ import annotations

from turnout.core import Deployment
from turnout.engine.plan_records import plan_record
from turnout.routing import Candidate, Dropped, Plan


def test_a_long_plan_is_cut() -> None:
    many = [Deployment(id=str(number), provider="p", model="m") for number in range(20)]
    plan = Plan(
        "m", tuple(Candidate(each, "x" * 400) for each in many), tuple(Dropped(each, "y" * 400) for each in many)
    )
    kept = plan_record(plan)
    assert kept is not None
    assert [step.deployment for step in kept.candidates] == [str(number) for number in range(16)]
    assert (len(kept.dropped), len(kept.candidates[0].reason), len(kept.dropped[0].reason)) == (16, 300, 300)
