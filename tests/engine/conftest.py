from __future__ import annotations

import pytest

from turnout import ticker


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts are noticed within milliseconds, so that tests may have short ones."""
    monkeypatch.setattr(ticker, "INTERVAL", 0.005)
