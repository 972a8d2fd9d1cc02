from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.support import isolate


@pytest.fixture(autouse=True)
def nothing_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)
