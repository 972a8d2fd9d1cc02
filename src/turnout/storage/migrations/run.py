"""Runs the migrations that a database has not had yet."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from turnout.errors import StorageUnavailable
from turnout.storage.upgrade import HEAD, revision

_log = logging.getLogger("turnout.storage")


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def migrate(connection: Connection) -> None:
    """Works inside the open transaction, which holds the lock. Raises ``StorageUnavailable``."""
    config, current = configuration(), revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StorageUnavailable(
            f"The database can't be used: a newer version of Turnout has changed it (to {current}; "
            f"this one knows {HEAD}). Use that version, or another database."
        )
    if current == HEAD:
        return  # another process has migrated while this one waited
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _log.info("The database's tables are those of version %s now (before: %s).", HEAD, current or "none")
