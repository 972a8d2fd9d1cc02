"""The address of the database."""

from __future__ import annotations

import re
from pathlib import Path

from turnout.errors import ConfigError

SQLITE = "sqlite+aiosqlite"
POSTGRES = "postgresql+asyncpg"
FILE_NAME = "turnout.db"

_DRIVERS = {
    "sqlite": SQLITE,
    SQLITE: SQLITE,
    "postgresql": POSTGRES,
    "postgres": POSTGRES,
    POSTGRES: POSTGRES,
}
_HOSTS = re.compile(r"((\[[^\]]+\]|[^\[\]:,]*)(:\d{1,5})?)(,(\[[^\]]+\]|[^\[\]:,]*)(:\d{1,5})?)*")


def database_url(data_dir: Path, configured_url: str | None = None) -> str:
    """SQLAlchemy's address: that of ``configured_url`` (``DATABASE_URL``), else a file in the data directory.

    Raises ``ConfigError`` for an unsupported address. Its text doesn't show parts that may hold a password.
    """
    if not configured_url:
        return f"{SQLITE}:///{data_dir.absolute() / FILE_NAME}"
    scheme, _, location = configured_url.partition("://")
    if scheme not in _DRIVERS:
        shown = f"'{scheme}'" if location else "this"
        raise ConfigError(
            f"DATABASE_URL: {shown} is not supported. Use postgresql://user:password@host:5432/database or "
            f"sqlite:///path/to/{FILE_NAME}, or leave it out: the data directory then holds the database."
        )
    if _DRIVERS[scheme] == POSTGRES and not _HOSTS.fullmatch(_hosts(location)):
        raise ConfigError(
            "DATABASE_URL: expected postgresql://user:password@host:5432/database; "
            "in a password, write '/' as %2F, '?' as %3F, '#' as %23 and '@' as %40"
        )
    return f"{_DRIVERS[scheme]}://{location}"


def _hosts(location: str) -> str:
    """``host:port``, or several of them with commas between."""
    return re.split(r"[/?#]", location, maxsplit=1)[0].rpartition("@")[2]
