"""Any plan of deployments with any faults: the caller gets the whole answer or an error, and each attempt is billed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.faults.check import assert_none
from tests.faults.plans import LENGTH, PLANS, Plan
from tests.faults.received import Received
from tests.faults.stage import Stage
from tests.faults.table import CLOSED, named

WHOLE = " ".join(f"word{n}" for n in range(1, LENGTH + 1))
MOST_SECONDS = 10
AT_ONCE = 40
GROUPS = {
    "plans": [plan for plan in PLANS if not plan.streams_responses],
    "plans-of-responses": [plan for plan in PLANS if plan.streams_responses],
}


@pytest.mark.parametrize("plans", named(GROUPS.items()))
async def test_any_plan_gives_the_whole_answer_or_an_error(stage: Stage, plans: Sequence[Plan]) -> None:
    await stage.forget_attempts()
    found: dict[str, list[str]] = {}
    for at in range(0, len(plans), AT_ONCE):
        asked = plans[at : at + AT_ONCE]
        for plan, told in zip(asked, await asyncio.gather(*(_problems(stage, plan) for plan in asked)), strict=True):
            if told:
                found[str(plan)] = told
    assert_none(found)


async def _problems(stage: Stage, plan: Plan) -> list[str]:
    began = time.monotonic()
    got = await stage.ask(plan.dialect, plan.model, stream=plan.stream)
    told = [*got.misformed, *_received(plan, got)]
    if time.monotonic() - began > MOST_SECONDS:
        told.append(f"took {time.monotonic() - began:.1f} s")
    rows = await stage.ledger(got.request_id)
    upstream = await stage.attempts()
    return [*told, *_asked(plan, rows, upstream)]


def _received(plan: Plan, got: Received) -> Iterator[str]:
    if got.finished == bool(got.error):
        yield f"finished: {got.finished}, with the error {got.error!r}"
    if not WHOLE.startswith(got.text) or (got.finished and got.text != WHOLE):
        yield f"the text {got.text!r}"
    if plan.must_be_whole and not got.finished:
        yield f"no whole answer, though the last deployment could give it: {got.error!r} after {got.text!r}"


def _asked(plan: Plan, rows: list[dict[str, Any]], upstream: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    if [row["number"] for row in rows] != list(range(1, len(rows) + 1)):
        yield "attempts are not numbered from 1"
    if [row["outcome"] for row in rows if row["outcome"] not in ("ok", "cut", "failed")]:
        yield f"outcomes {[row['outcome'] for row in rows]}"
    if sum(row["outcome"] == "ok" for row in rows) > 1:
        yield "two attempts are the answer"
    for deployment in plan.tried:
        seen = upstream.get(deployment.name, [])
        recorded = [row for row in rows if row["upstream_model"] == deployment.name]
        most = 3 if deployment.fault == "reset" else 2  # each sending is an attempt
        if len(recorded) > most or (len(recorded) != len(seen) and deployment.fault not in (CLOSED, "reset")):
            yield f"{len(recorded)} rows for {len(seen)} attempts at {deployment.name}"
        for row, billed in zip(recorded, seen, strict=False):
            usage = row["usage"]
            if row["outcome"] == "ok" and usage["source"] == "reported" and usage["input"] != billed["tokens_in"]:
                yield f"{usage} where {billed['tokens_in']} are billed at {deployment.name}"
