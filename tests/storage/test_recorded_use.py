"""What was used at a provider on a day."""

from __future__ import annotations

from pathlib import Path

from turnout.core import EndedAttempt, Usage
from turnout.storage import LazyDatabase, Rated, RatedPeriod, UseRow
from turnout.storage.recorded_use import DAY

from .support import attempt

DEAR = 9 * 10**18
"""Picodollars: two of them are more than 64 bits."""


async def test_it_is_summed_by_upstream_model_and_deployment(database_address: str, tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path, database_address)
    used = Usage(input=10, output=2)
    lost = attempt("r9", started=DAY, input_estimate=3, cost_estimate=5, upstream_model="b").start
    await (await database.attempts()).insert(
        [
            attempt("r1", started=DAY, usage=used, cost=1),
            attempt("r2", started=2 * DAY - 1, usage=used, cost=1, deployment="other"),
            attempt("r3", started=DAY + 1, usage=used, cost=DEAR),
            attempt("r4", started=DAY + 2, usage=used, cost=DEAR),
            attempt("r5", started=DAY + 3, usage=used),
            attempt("r6", started=DAY + 4),
            attempt("r7", started=2 * DAY, usage=used, cost=1),
            attempt("r8", started=DAY, usage=used, provider="azure"),
            EndedAttempt(lost, None),
        ]
    )
    await (await database.rerating()).rerate(RatedPeriod(DAY, DAY + 1), None, lambda _: Rated(70, "later"), None)
    rows = await (await database.recorded_use()).of_day("openai", 1)
    assert sorted(rows, key=lambda row: (row.upstream_model, row.deployment)) == [
        UseRow("b", "fast/openai/0", 3, 0, 70),
        UseRow("gpt-4o-mini", "fast/openai/0", 40, 8, 2 * DEAR + 70),
        UseRow("gpt-4o-mini", "other", 10, 2, 1),
    ]
    assert await (await database.recorded_use()).of_day("openai", 0) == []
    await database.close()
