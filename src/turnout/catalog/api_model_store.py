"""The models that were made through the API, as this process knows them.

The database has them. Every process looks there once a second whether something has changed, so that a change on one
host is served on all. What was found last is kept in a file, too: a start needs no database to serve it.
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
from turnout.storage import ModelRow

from .api_models import ApiModel, api_model_of

FILE_NAME: Final = "models.json"
LOOK_SECONDS: Final = 1.0

_ROWS = msgspec.json.Decoder(list[ModelRow])
_OWNER_ONLY = 0o600

log = logging.getLogger(__name__)


class ModelStore(Protocol):
    """The table of models. Every call may raise ``StorageUnavailable``."""

    async def revision(self) -> int:
        """Another number than before when something has changed."""
        ...

    async def all(self) -> tuple[int, list[ModelRow]]: ...

    async def add(self, row: ModelRow) -> bool: ...

    async def replace(self, before: ModelRow, after: ModelRow) -> bool: ...

    async def remove(self, id_: str) -> bool: ...


class ModelDatabase(Protocol):
    """Opens the table when it is asked for; raises ``StorageUnavailable``."""

    async def models(self) -> ModelStore: ...


class ApiModelStore:
    """``models`` by id, in the order in which they were made. ``problem`` says why they may be old."""

    def __init__(self, folder: Path) -> None:
        self.problem: str | None = None
        self._folder = folder
        self._revision = -1
        self._lock = asyncio.Lock()
        self._rows = kept_rows(folder)
        self.models = _readable(self._rows)

    async def refresh(self, database: ModelDatabase) -> bool:
        """Whether the models are others than before. A database that fails changes nothing and is the ``problem``."""
        async with self._lock:  # else an older look could end after a newer one
            return await self._refresh(database)

    async def _refresh(self, database: ModelDatabase) -> bool:
        rows = self._rows
        try:
            store = await database.models()
            if await store.revision() != self._revision:
                self._revision, rows = await store.all()
        except StorageUnavailable as error:
            self._fails(error)
            return False
        self.problem = None
        if rows == self._rows:
            return False
        self._rows = rows
        self.models = _readable(rows)
        self._keep()
        return True

    def row(self, id_: str) -> ModelRow | None:
        """The row of one of the ``models``."""
        return next((row for row in self._rows if row.id == id_ and id_ in self.models), None)

    def _fails(self, error: StorageUnavailable) -> None:
        if self.problem is None:
            log.warning("models made through the API: %s", error.message)
        self.problem = f"models made through the API stay as they were: {error.message}"

    def _keep(self) -> None:
        try:
            keep_rows(self._rows, self._folder)
        except OSError as error:
            log.warning("models made through the API are not kept for the next start: %s", error)


def _readable(rows: Iterable[ModelRow]) -> Mapping[str, ApiModel]:
    found = {}
    for row in rows:
        try:
            found[row.id] = api_model_of(row)
        except msgspec.DecodeError as error:
            log.error("the model '%s' was made by another version and can't be read: %s", row.id, error)
    return found


def kept_rows(folder: Path) -> list[ModelRow]:
    """What an earlier run left; nothing when there is nothing that can be read: the database has it."""
    try:
        return _ROWS.decode((folder / FILE_NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return []


def keep_rows(rows: list[ModelRow], folder: Path) -> None:
    """For its owner only: keys may be in it. Several processes may do so at once. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{FILE_NAME}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(rows))
    draft.replace(folder / FILE_NAME)
