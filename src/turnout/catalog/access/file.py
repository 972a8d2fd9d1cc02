"""The file that keeps the last known keys, users and teams for a start without the database. It has no secrets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from turnout.storage import KeyRow, RecordRow

FILE_NAME: Final = "keys.json"
_OWNER_ONLY: Final = 0o600


class KnownRows(msgspec.Struct, kw_only=True):
    keys: list[KeyRow] = []
    users: list[RecordRow] = []
    teams: list[RecordRow] = []


_decode = msgspec.json.Decoder(KnownRows).decode


def read_rows(folder: Path) -> KnownRows:
    """What an earlier run wrote. Empty when the file is missing or unreadable: the database has the rows."""
    try:
        return _decode((folder / FILE_NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return KnownRows()


def write_rows(rows: KnownRows, folder: Path) -> None:
    """Several processes can write at once. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{FILE_NAME}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(rows))
    draft.replace(folder / FILE_NAME)
