"""The address of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.errors import ConfigError
from turnout.storage import database_url


def test_it_is_in_the_data_directory_by_default() -> None:
    assert database_url(Path("/var/lib/turnout")) == "sqlite+aiosqlite:////var/lib/turnout/turnout.db"
    assert database_url(Path("data")) == f"sqlite+aiosqlite:///{Path.cwd()}/data/turnout.db"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_sqlite_is_opened_with_the_asynchronous_driver(scheme: str) -> None:
    assert database_url(Path("data"), f"{scheme}:///other.db") == "sqlite+aiosqlite:///other.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
@pytest.mark.parametrize(
    "location",
    [
        "postgres:postgres@localhost:5432/mas_framework",
        "u:p%40ss@[::1]:5432/db?sslmode=require",
        "u@one:1,two:2/db",
        "/db?host=/var/run/postgresql",
        "u:hun@ter2@host/db",
    ],
)
def test_every_way_to_write_a_postgres_is_opened_with_the_asynchronous_driver(scheme: str, location: str) -> None:
    assert database_url(Path("data"), f"{scheme}://{location}") == f"postgresql+asyncpg://{location}"


@pytest.mark.parametrize("url", ["mysql://u:hunter2@host/db", "nonsense://hunter2"])
def test_another_kind_is_refused_by_name_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: '(mysql|nonsense)' is not supported") as raised:
        database_url(Path("data"), url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["hunter2", "postgres://u:hunter2/x@host:5432/db", "postgresql://u:pw@host:hunter2/db"],
    ids=["no-address", "slash-in-the-password", "port"],
)  # fmt: skip
def test_a_text_that_is_no_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: ") as raised:
        database_url(Path("data"), url)
    assert "hunter2" not in str(raised.value)
