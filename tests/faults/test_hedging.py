"""A second attempt beside one that is late: who answers, what becomes of the loser, and that few are made."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.faults.check import assert_none, is_billed_as_begun, is_priced
from tests.faults.load import LATE, NEVER, WORDS, Late, Row, config
from tests.faults.received import Received, request
from tests.faults.stage import PROMPT, Stage, environment
from tests.faults.table import named
from tests.simulator.raw import send
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout

KNOWN = 20
"""Answers after which a deployment's usual time to the first word is known. They allow one second attempt, too."""
AT_ONCE = 1.0
"""Seconds within which the loser's connection is closed."""


@pytest.mark.parametrize("late", named((late.id, late) for late in LATE))
async def test_a_late_first_word_is_answered_for(load: Stage, late: Late) -> None:
    await load.forget_attempts()
    replies = await asyncio.gather(*(_ask_late(load, late, cell) for cell in late.cells))
    answered = time.time()
    attempts = await load.ended_attempts()
    found = {}
    for cell, got in zip(late.cells, replies, strict=True):
        rows = sorted(await load.ledger(got.request_id), key=lambda row: int(row["number"]))
        seen = [attempts[name] for name in late.upstream(cell)]
        if told := _problems(late, got, rows, seen, answered):
            found[late.model(cell)] = told
    assert_none(found)


async def _ask_late(load: Stage, late: Late, cell: Row) -> Received:
    await _answer_some(load, late.model(cell))
    return await load.ask(cell[1], late.model(cell), stream=True, prompt=_prompt(late, cell))


async def _answer_some(load: Stage, model: str) -> None:
    """The first deployment answers as quickly as it can, so that it is known what is late there."""
    for _ in range(KNOWN):
        assert (await load.ask("chat", model, stream=True)).text == WORDS


def _prompt(late: Late, cell: Row) -> str:
    scripts = zip(late.upstream(cell), (late.first, late.second), strict=True)
    return " ".join([PROMPT, *(f"[[sim@{name} {words}]]" for name, words in scripts if words)])


def _problems(
    late: Late, got: Received, rows: list[dict[str, Any]], seen: list[list[dict[str, Any]]], answered: float
) -> list[str]:
    told = list(got.misformed)
    if (got.text, got.finished, got.error) != (WORDS, True, ""):
        told.append(f"no whole answer: {got.error!r} after {got.text!r}")
    if [len(attempts) for attempts in seen] != [KNOWN + 1, 1]:
        told.append(f"attempts: {[len(attempts) for attempts in seen]}")
    outcomes = tuple(row["outcome"] for row in rows)
    if outcomes != late.outcomes:
        told.append(f"outcomes {outcomes}")
    told += [f"the bill of {row}" for row in rows if not is_priced(row)]
    last = [attempts[-1] for attempts in seen]
    for row, attempt in zip(rows, last, strict=False):
        if row["outcome"] == "outrun":
            told += _left(row, attempt, answered)
        elif row["outcome"] == "ok" and row["usage"]["output"] != attempt["tokens_out"]:
            told.append(f"{row['usage']} where {attempt['tokens_out']} were sent")
    return told


def _left(row: dict[str, Any], attempt: dict[str, Any], answered: float) -> list[str]:
    """The loser: its provider is told at once, and it costs what it has read."""
    told = []
    if attempt["outcome"] != "client_left" or attempt["ended"] > answered + AT_ONCE:
        told.append(f"the loser was {attempt['outcome']} {attempt['ended'] - answered:.2f} s after the answer")
    if not is_billed_as_begun(row, attempt):
        told.append(f"the loser is billed {row['usage']}")
    return told


async def test_a_client_that_leaves_ends_both(load: Stage) -> None:
    late, cell = LATE[0], LATE[0].cells[0]
    model, names = late.model(cell), late.upstream(cell)
    await _answer_some(load, model)
    await load.forget_attempts()
    prompt = PROMPT + "".join(f"[[sim@{name} slow-first-{NEVER}]]" for name in names)
    path, body = request("chat", model, prompt, stream=True)
    _, writer = await send(load.turnout.url + path, body)
    await load.until(lambda attempts: set(names) <= attempts.keys())
    writer.close()
    attempts = await load.ended_attempts()
    assert [attempts[name][0]["outcome"] for name in names] == ["client_left"] * 2
    assert (await load.ask("chat", model, stream=True)).text == WORDS


async def test_many_that_are_late_at_once_share_the_budget(simulator: Simulator, start_turnout: StartTurnout) -> None:
    """A new process that has answered so many requests may make one more attempt, and no second one."""
    late = next(late for late in LATE if late.id == "second-is-later")
    cell = late.cells[0]
    first, second = late.upstream(cell)
    load = Stage(start_turnout(config(simulator), env=environment(simulator)), simulator)
    await _answer_some(load, late.model(cell))
    await load.forget_attempts()
    asked = (load.ask("chat", late.model(cell), stream=True, prompt=_prompt(late, cell)) for _ in range(5))
    assert [got.text for got in await asyncio.gather(*asked)] == [WORDS] * 5
    attempts = await load.ended_attempts()
    assert (len(attempts[first]), len(attempts[second])) == (5, 1)
