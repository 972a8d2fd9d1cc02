"""The models made through the API, as this process knows them.

The database holds them. Every process looks there once a second, so every host serves a change that was made on one.
A file keeps the last known models, so a process can start without the database.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from turnout.errors import SecretsUnavailable, StorageUnavailable
from turnout.storage import BY_ITSELF, SECRET_KEY_VARIABLE, AuditEntry, ModelRow, Vault, is_sealed

from .api_models import ApiModel, api_model_of, resealed, stored_key

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

    async def replace_secrets(self, changes: Sequence[tuple[ModelRow, ModelRow]], who: str) -> int: ...

    async def remove(self, id_: str, entry: AuditEntry) -> bool: ...


class ModelDatabase(Protocol):
    """Opens the table on first use. Raises ``StorageUnavailable``."""

    @property
    def is_shared(self) -> bool:
        """Whether other hosts may use it, too."""
        ...

    async def models(self) -> ModelStore: ...


class ApiModelStore:
    """``models`` by id, oldest first. ``unreadable`` says why the key of a model can't be decrypted, by the model's id.

    ``problem`` says why they may be out of date. ``plain`` says why keys stand in the database in plain text.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.problem: str | None = None
        self.plain: str | None = None
        self.models: Mapping[str, ApiModel] = {}
        self.unreadable: Mapping[str, str] = {}
        self._folder = folder
        self._vault = vault
        self._revision = -1
        self._lock = asyncio.Lock()
        self._rows: list[ModelRow] = []
        self._adopt(read_rows(folder))

    async def refresh(self, database: ModelDatabase) -> bool:
        """Whether the models have changed. When the database fails, they stay, and ``problem`` says so.

        Keys that an earlier version has stored in plain text are encrypted.
        """
        async with self._lock:  # without it, an older query could end after a newer one
            return await self._refresh(database)

    async def _refresh(self, database: ModelDatabase) -> bool:
        rows = self._rows
        try:
            store = await database.models()
            if await store.revision() != self._revision:
                self._revision, rows = await store.all()
                if await self._seal_plain(rows, store, shared=database.is_shared):
                    self._revision, rows = await store.all()
        except StorageUnavailable as error:
            self._report(error)
            return False
        self.problem = None
        if rows != self._rows:
            await asyncio.to_thread(self._adopt, rows)
            self._write_file()
            return True
        if not self.unreadable:
            return False
        before = self.models
        await asyncio.to_thread(self._adopt, rows)  # the missing key may be there by now
        return self.models != before

    def row(self, id_: str) -> ModelRow | None:
        """The row of one of the ``models``."""
        return next((row for row in self._rows if row.id == id_ and id_ in self.models), None)

    async def _seal_plain(self, rows: Iterable[ModelRow], store: ModelStore, *, shared: bool) -> bool:
        """Whether rows were changed. A key that only this host has would make them unreadable on the others."""
        plain = [row for row in rows if (key := stored_key(row)) is not None and not is_sealed(key)]
        self.plain = None
        if not plain:
            return False
        if shared and self._vault.is_of_this_host:
            self._report_plain(f"set {SECRET_KEY_VARIABLE}, to the same on all hosts, and they are encrypted")
            return False
        try:
            sealed = await asyncio.to_thread(lambda: [(row, resealed(row, self._vault)) for row in plain])
        except SecretsUnavailable as error:
            self._report_plain(error.message)
            return False
        number = await store.replace_secrets(sealed, BY_ITSELF)
        log.info("API keys that stood in plain text are encrypted: %d", number)
        return True

    def _adopt(self, rows: list[ModelRow]) -> None:
        """A process goes on with a key that it knows and can't decrypt any more."""
        models, unreadable = {}, {}
        for row in rows:
            try:
                models[row.id] = api_model_of(row, self._vault)
            except msgspec.DecodeError as error:
                log.error("the model '%s' was made by another version and can't be read: %s", row.id, error)
            except SecretsUnavailable as error:
                unreadable[row.id] = error.message
                if row.id not in self.unreadable:
                    log.error("the API key of the model '%s' can't be decrypted: %s", row.id, error.message)
                known = self.models.get(row.id)
                if known is not None and known.updated == row.updated:
                    models[row.id] = known
        self._rows, self.models, self.unreadable = rows, models, unreadable

    def _report(self, error: StorageUnavailable) -> None:
        if self.problem is None:
            log.warning("models made through the API: %s", error.message)
        self.problem = f"models made through the API stay as they were: {error.message}"

    def _report_plain(self, why: str) -> None:
        self.plain = f"API keys of models made through the API stand in the database in plain text: {why}"
        log.warning("%s", self.plain)

    def _write_file(self) -> None:
        try:
            write_rows(self._rows, self._folder)
        except OSError as error:
            log.warning("models made through the API are not kept for the next start: %s", error)


def read_rows(folder: Path) -> list[ModelRow]:
    """The rows that an earlier run wrote. Empty when the file is missing or unreadable: the database has the rows."""
    try:
        return _ROWS.decode((folder / FILE_NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return []


def write_rows(rows: list[ModelRow], folder: Path) -> None:
    """Only the owner can read the file: it holds encrypted keys. Several processes can write at once.

    Raises ``OSError``.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{FILE_NAME}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(rows))
    draft.replace(folder / FILE_NAME)
