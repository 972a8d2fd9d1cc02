"""Each fault, met in five dialects on every wire: what came, who was asked, how long it took, and what was billed."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.check import all_problems, assert_none
from tests.faults.received import DIALECTS
from tests.faults.stage import Stage, cases
from tests.faults.table import AT_BYTES, AT_EVENTS, FAULTS, WIRES, Fault, named


@pytest.mark.parametrize("fault", named((fault.id, fault) for fault in FAULTS))
async def test_a_fault_is_answered_for(stage: Stage, fault: Fault) -> None:
    seen = await stage.meet(cases(fault))
    assert_none(all_problems(seen))
    await _all_are_well(stage)


@pytest.mark.parametrize("faults", named(AT_EVENTS.items()))
async def test_a_fault_at_every_event_is_answered_for(stage: Stage, faults: list[Fault]) -> None:
    seen = await stage.meet(case for fault in faults for case in cases(fault))
    assert_none(all_problems(seen))


@pytest.mark.parametrize("faults", named(AT_BYTES.items()))
async def test_a_cut_at_some_bytes_is_answered_for(stage: Stage, faults: list[Fault]) -> None:
    seen = await stage.meet(case for fault in faults for case in cases(fault))
    assert_none(all_problems(seen))


async def _all_are_well(stage: Stage) -> None:
    """A healthy call to each wire right after."""
    asked = [(DIALECTS[at % len(DIALECTS)], f"healthy-{wire}") for at, wire in enumerate(WIRES)]
    replies = await asyncio.gather(*(stage.ask(dialect, model, stream=True) for dialect, model in asked))
    assert [(got.text, got.finished, got.misformed) for got in replies] == [(FAULTS[0].whole, True, [])] * len(WIRES)
