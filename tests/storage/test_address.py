"""Where the database is."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.errors import ConfigError
from turnout.storage import database_url


def test_it_is_in_the_data_directory_unless_told_otherwise() -> None:
    assert database_url(Path("/var/lib/turnout")) == "sqlite+aiosqlite:////var/lib/turnout/turnout.db"
    assert database_url(Path("data")) == f"sqlite+aiosqlite:///{Path.cwd()}/data/turnout.db"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_sqlite_is_opened_with_the_asynchronous_driver(scheme: str) -> None:
    assert database_url(Path("data"), f"{scheme}:///other.db") == "sqlite+aiosqlite:///other.db"


@pytest.mark.parametrize("url", ["postgresql+asyncpg://u:hunter2@host/db", "nonsense"])
def test_another_kind_is_refused_by_name_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: '(postgresql\+asyncpg|nonsense)' is not supported") as told:
        database_url(Path("data"), url)
    assert "hunter2" not in str(told.value)
