"""Ten seconds of ``make chaos``."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.chaos.run import Options, run
from scripts.chaos.table import table
from tests.support.postgres import Postgres


@pytest.mark.parametrize("seed", [3])
async def test_the_ledger_is_the_bill_whatever_happens(tmp_path: Path, seed: int) -> None:
    """On a Postgres of its own, as it is stopped. Of so few attempts, a single one counts much in the sums."""
    options = Options(requests=300, kills=4, stops=1, full=1, seconds=10, seed=seed, percent=8)
    postgres = Postgres()
    try:
        outcome = await run(options, tmp_path, postgres, print)
    finally:
        postgres.remove()
    assert not outcome.problems, "\n".join((*outcome.problems, *table(outcome.pairs, outcome.asked)))
    ended = {pair.row.outcome for pair in outcome.pairs if pair.row is not None}
    assert ended >= {"ok", "failed", "cut", "client_gone", "lost"}
