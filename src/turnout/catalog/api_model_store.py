"""The models made through the API, as this process knows them.

The database holds them. Every process looks there once a second, so every host serves a change that was made on one.
A file keeps the last known models, so a process can start without the database.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from turnout.errors import StorageUnavailable
from turnout.storage import AuditEntry, ModelRow

from .api_models import ApiModel, api_model_of

FILE_NAME: Final = "models.json"
LOOK_SECONDS: Final = 1.0

_ROWS = msgspec.json.Decoder(list[ModelRow])
_OWNER_ONLY = 0o600

log = logging.getLogger(__name__)


class ModelStore(Protocol):
    """The table of models. Every call may raise ``StorageUnavailable``."""

    async def revision(self) -> int:
        """A number that changes with every change of the table."""
        ...

    async def all(self) -> tuple[int, list[ModelRow]]: ...

    async def add(self, row: ModelRow, entry: AuditEntry) -> bool: ...

    async def replace(self, before: ModelRow, after: ModelRow, entry: AuditEntry) -> bool: ...

    async def remove(self, id_: str, entry: AuditEntry) -> bool: ...


class ModelDatabase(Protocol):
    """Opens the table on first use. Raises ``StorageUnavailable``."""

    async def models(self) -> ModelStore: ...


class ApiModelStore:
    """``models`` by id, oldest first. ``problem`` says why they may be out of date."""

    def __init__(self, folder: Path) -> None:
        self.problem: str | None = None
        self._folder = folder
        self._revision = -1
        self._lock = asyncio.Lock()
        self._rows = read_rows(folder)
        self.models = _readable(self._rows)

    async def refresh(self, database: ModelDatabase) -> bool:
        """Whether the models have changed. When the database fails, they stay, and ``problem`` says so."""
        async with self._lock:  # without it, an older query could end after a newer one
            return await self._refresh(database)

    async def _refresh(self, database: ModelDatabase) -> bool:
        rows = self._rows
        try:
            store = await database.models()
            if await store.revision() != self._revision:
                self._revision, rows = await store.all()
        except StorageUnavailable as error:
            self._report(error)
            return False
        self.problem = None
        if rows == self._rows:
            return False
        self._rows = rows
        self.models = _readable(rows)
        self._write_file()
        return True

    def row(self, id_: str) -> ModelRow | None:
        """The row of one of the ``models``."""
        return next((row for row in self._rows if row.id == id_ and id_ in self.models), None)

    def _report(self, error: StorageUnavailable) -> None:
        if self.problem is None:
            log.warning("models made through the API: %s", error.message)
        self.problem = f"models made through the API stay as they were: {error.message}"

    def _write_file(self) -> None:
        try:
            write_rows(self._rows, self._folder)
        except OSError as error:
            log.warning("models made through the API are not kept for the next start: %s", error)


def _readable(rows: Iterable[ModelRow]) -> Mapping[str, ApiModel]:
    models = {}
    for row in rows:
        try:
            models[row.id] = api_model_of(row)
        except msgspec.DecodeError as error:
            log.error("the model '%s' was made by another version and can't be read: %s", row.id, error)
    return models


def read_rows(folder: Path) -> list[ModelRow]:
    """The rows that an earlier run wrote. Empty when the file is missing or unreadable: the database has the rows."""
    try:
        return _ROWS.decode((folder / FILE_NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return []


def write_rows(rows: list[ModelRow], folder: Path) -> None:
    """Only the owner can read the file: it can hold keys. Several processes can write at once. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{FILE_NAME}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(rows))
    draft.replace(folder / FILE_NAME)
