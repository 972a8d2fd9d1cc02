"""Twenty seconds of ``make soak``, at a third of its rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import Watched, soak
from tests.faults.table import named

SECONDS, RATE = 20, 100
WARM_UP_MB = 25
"""A short run is hardly warm at its first tenth."""


@pytest.mark.parametrize("rate", named([("soak", RATE)]))
async def test_mixed_faults_leave_nothing_behind(tmp_path: Path, rate: float) -> None:
    watched = Watched(tmp_path)
    try:
        wrong = await soak(watched, seconds=SECONDS, rate=rate, allowed_mb=WARM_UP_MB)
    finally:
        watched.stop()
    assert not wrong, "\n".join(wrong)
