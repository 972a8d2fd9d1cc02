"""The chaos run finds what it looks for: these are ledgers that don't fit their bill."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.chaos.bill import Pair, cost_of, paired, problems
from scripts.chaos.stage import Row
from turnout.simulator.log import Attempt

BEGAN = 1_790_000_000


def row(number: int = 1, started: float = 0.0, **changes: Any) -> Row:
    """An attempt that is exactly ``sent()``. ``started`` is in seconds."""
    fields: dict[str, Any] = {
        "attempt_id": f"req-{number}",
        "session": "r1",
        "number": number,
        "started": int((BEGAN + started) * 1e6),
        "model": "first",
        "outcome": "ok",
        "status": 200,
        "total": 1000,
        "input": 100,
        "output": 200,
        "cost": cost_of(100, 200),
        "source": "reported",
        "rule": "report",
    }
    return Row(**fields | changes)


def sent(number: int = 1, started: float = 0.1, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "number": number,
        "path": "/v1/chat/completions",
        "wire": "openai",
        "simulate": "id-r1 slow-first-3",
        "key": "",
        "started": BEGAN + started,
        "model": "first",
        "status": 200,
        "tokens_in": 100,
        "tokens_out": 200,
        "outcome": "completed",
    }
    return Attempt(**fields | changes)


NOTHING = {"status": 0, "input": None, "output": None, "cost": None, "source": None, "rule": "no_answer"}


def test_rows_and_requests_find_each_other_by_their_order() -> None:
    rows = [row(3, 2.0), row(1, 0.0), row(2, 1.0, model="second"), row(4, 3.0, session="r2")]
    requests = [sent(1, 0.1), sent(2, 1.1, model="second"), sent(3, 2.1), sent(4, 3.1, simulate="id-r2 reset")]
    pairs = {(pair.row.attempt_id, pair.sent.number) for pair in paired(rows, requests) if pair.row and pair.sent}
    assert pairs == {("req-1", 1), ("req-2", 2), ("req-3", 3), ("req-4", 4)}


@pytest.mark.parametrize(
    ("rows", "requests"),
    [
        pytest.param([row()], [sent()], id="exact"),
        pytest.param([row(), row(2, 1.0, outcome="failed", **NOTHING)], [sent()], id="no-connection"),
        pytest.param([row(), row(2, 1.0, outcome="client_gone", **NOTHING)], [sent()], id="left-before-it-was-sent"),
        pytest.param([row(source="interrupted", output=198, cost=cost_of(100, 198))], [sent()], id="one-percent-off"),
    ],
)
def test_nothing_is_wrong(rows: list[Row], requests: list[Attempt]) -> None:
    assert problems(paired(rows, requests), 0.02) == []


@pytest.mark.parametrize(
    ("rows", "requests", "problem"),
    [
        pytest.param([row()], [sent(), sent(2, 0.2)], "no row of its own", id="sent-twice"),
        pytest.param([row(started=1.0)], [sent()], "no row of its own", id="sent-before-it-was-recorded"),
        pytest.param([row()], [sent(simulate="")], "no row of its own", id="from-nobody"),
        pytest.param([row(), row(2, 1.0)], [sent()], "an answer that no provider gave", id="not-sent"),
        pytest.param(
            [row(), row(2, 1.0, outcome="client_gone")], [sent()], "billed, but not sent", id="billed-but-not-sent"
        ),
        pytest.param([row(output=199, cost=cost_of(100, 199))], [sent()], "reported otherwise", id="not-exact"),
        pytest.param([row(cost=1)], [sent()], "a wrong cost", id="wrong-cost"),
        pytest.param(
            [row(source="interrupted", output=190, cost=cost_of(100, 190))],
            [sent()],
            "tokens differ by -3.33%",
            id="sum-of-tokens",
        ),
    ],
)
def test_what_is_wrong_is_found(rows: list[Row], requests: list[Attempt], problem: str) -> None:
    assert problem in "\n".join(problems(paired(rows, requests), 0.02))


def test_an_unreadable_bill_is_off() -> None:
    """Something recorded for nothing billed is no zero divided by zero."""
    assert problems([Pair(row(outcome="lost"), None)], 0.02) == [
        "the ledger's tokens differ by +100.00% from the bill",
        "the ledger's cost differ by +100.00% from the bill",
    ]
