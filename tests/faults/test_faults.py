"""Each fault, met in five dialects on every wire: what came, who was asked, how long it took, and what was billed."""

from __future__ import annotations

import asyncio

from tests.faults.check import problems
from tests.faults.received import DIALECTS
from tests.faults.stage import WHOLE, Stage, cases
from tests.faults.table import WIRES, Fault, each_fault


@each_fault()
async def test_a_fault_is_answered_for(stage: Stage, fault: Fault) -> None:
    seen = await stage.meet(cases(fault))
    found = {f"{case.wire} in {case.dialect}": problems(case, at) for case, at in seen}
    assert {name: told for name, told in found.items() if told} == {}
    await _all_are_well(stage)


async def _all_are_well(stage: Stage) -> None:
    """A healthy call to each wire right after."""
    asked = [(DIALECTS[at % len(DIALECTS)], f"healthy-{wire}") for at, wire in enumerate(WIRES)]
    replies = await asyncio.gather(*(stage.ask(dialect, model, stream=True) for dialect, model in asked))
    assert [(got.text, got.finished, got.misformed) for got in replies] == [(WHOLE, True, [])] * len(WIRES)
