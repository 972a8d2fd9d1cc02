"""Where the database is."""

from __future__ import annotations

from pathlib import Path

from turnout.errors import ConfigError

DRIVER = "sqlite+aiosqlite"
FILE_NAME = "turnout.db"


def database_url(data_dir: Path, told: str | None = None) -> str:
    """SQLAlchemy's address: the one that was told (``DATABASE_URL``), else a file in the data directory.

    Raises ``ConfigError`` for a kind of database that isn't supported, without naming what may hold a password.
    """
    if not told:
        return f"{DRIVER}:///{data_dir.absolute() / FILE_NAME}"
    scheme, _, place = told.partition("://")
    if scheme not in ("sqlite", DRIVER):
        raise ConfigError(
            f"DATABASE_URL: '{scheme}' is not supported yet. Use {DRIVER}:///path/to/{FILE_NAME}, "
            "or leave it out: the data directory then holds the database."
        )
    return f"{DRIVER}://{place}"
