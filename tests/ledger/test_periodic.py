"""Work that is repeated whatever happens, and whose failures are logged once."""

from __future__ import annotations

import asyncio
import logging

import pytest

from turnout.ledger.periodic import PeriodicWork
from turnout.telemetry import Condition


async def test_work_that_fails_is_tried_again_and_each_change_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """So is a defect of our own, with its traceback."""
    outcomes = [None, OSError("gone"), OSError("still gone"), None, None, KeyError("oops"), None]
    errors: list[str | None] = []
    condition = Condition("The ledger's cellar", "Mind the steps.")

    async def work() -> None:
        outcome = outcomes[len(errors)]
        errors.append(condition.error)
        if outcome is not None:
            raise outcome

    periodic = PeriodicWork(work, 3600, condition)
    await asyncio.sleep(0)  # its own first call
    with caplog.at_level(logging.WARNING, "turnout.telemetry.condition"):
        for _ in outcomes[1:]:
            await periodic.run_once()
    await periodic.stop()
    assert errors == [None, None, "gone", "still gone", None, None, "'oops'"]
    assert condition.error is None
    assert [record.getMessage() for record in caplog.records] == [
        "The ledger's cellar does not work: gone. Mind the steps.",
        "The ledger's cellar works again.",
        "The ledger's cellar does not work: 'oops'. Mind the steps.",
        "The ledger's cellar works again.",
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [False, False, True, False]


async def test_stopping_does_not_wait_for_the_next_round() -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1

    periodic = PeriodicWork(work, 3600, Condition("The ledger's cellar", ""))
    await asyncio.sleep(0)  # its own first call
    async with asyncio.timeout(5):
        await periodic.stop()
    assert calls == 1
