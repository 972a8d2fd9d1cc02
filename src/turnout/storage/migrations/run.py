"""Runs the migrations that a database has not had yet."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from turnout.storage.expected_schema import HEAD, missing_migrations
from turnout.storage.upgrade import found_in

_log = logging.getLogger("turnout.storage")


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def migrate(connection: Connection) -> None:
    """Works inside the open transaction, which holds the lock. Raises ``StorageUnavailable``."""
    found = found_in(connection)
    if not missing_migrations(found):
        return  # another process has migrated while this one waited
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _log.info(
        "The database's tables are those of version %s now (before: %s).", HEAD, "".join(found.revisions) or "none"
    )
