"""Creates, changes and deletes models in the database. This process serves a change before the call returns."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import structs

from turnout.errors import Conflict, UnknownModel
from turnout.storage import AuditEntry

from .api_model_store import ModelDatabase
from .api_models import ApiModel
from .audited import told
from .catalog import Catalog


class Registrar:
    """Every call can raise ``StorageUnavailable`` and ``SecretsUnavailable``.

    Other processes serve a change within two seconds. The audit log says that ``who`` made it.
    """

    def __init__(self, catalog: Catalog, database: ModelDatabase, who: str) -> None:
        self._catalog = catalog
        self._database = database
        self._who = who

    async def create(self, draft: ApiModel) -> ApiModel:
        """Raises ``Conflict`` for a name that is taken, and ``InvalidRequest``."""
        location = self._catalog.configured.locations.get(draft.id)
        if location is not None:
            raise Conflict(f"The name '{draft.id}' is taken by the configuration: {location}.", param="id")
        now = int(time.time())
        api_model = structs.replace(self._catalog.checked(draft), created=now, updated=now)
        store = await self._database.models()
        row = await self._catalog.row_of(api_model)
        if not await store.add(row, self._entry("create", api_model.id, None, api_model)):
            id_ = api_model.id
            raise Conflict(f"There is a model '{id_}' already: PUT /api/models/{id_} changes it.", param="id")
        await self._catalog.refresh_api_models(self._database)
        return api_model

    async def change(self, id_: str, edit: Callable[[ApiModel], ApiModel]) -> ApiModel:
        """Raises ``UnknownModel``, ``Conflict`` for a model that can't be changed here, and the errors of ``edit``."""
        await self._catalog.refresh_api_models(self._database)
        before = self._catalog.api_model_row(id_)
        if before is None:
            raise self._why_not_found(id_)
        old = await self._catalog.api_model_of(before)
        api_model = self._catalog.checked(edit(old))
        api_model = structs.replace(api_model, updated=int(time.time()))
        store = await self._database.models()
        after = await self._catalog.row_of(api_model)
        if not await store.replace(before, after, self._entry("change", id_, old, api_model)):
            raise Conflict(f"The model '{id_}' was changed by somebody else meanwhile. Look at it and try again.")
        await self._catalog.refresh_api_models(self._database)
        return api_model

    async def delete(self, id_: str) -> None:
        """Raises ``UnknownModel``, and ``Conflict`` for a model that can't be deleted here."""
        await self._catalog.refresh_api_models(self._database)
        store = await self._database.models()
        entry = self._entry("delete", id_, self._catalog.api_models.get(id_), None)
        if not await store.remove(id_, entry):
            raise self._why_not_found(id_)
        await self._catalog.refresh_api_models(self._database)

    def _entry(self, action: str, id_: str, before: ApiModel | None, after: ApiModel | None) -> AuditEntry:
        return AuditEntry(
            who=self._who,
            action=action,
            kind="model",
            subject=id_,
            before=None if before is None else told(before),
            after=None if after is None else told(after),
        )

    def _why_not_found(self, id_: str) -> Conflict | UnknownModel:
        location = self._catalog.configured.locations.get(id_)
        if location is not None:
            return Conflict(f"The model '{id_}' is from the configuration ({location}). Change it there.")
        model = self._catalog.snapshot.models.get(id_)
        if model is not None:
            names = dict.fromkeys(f"'{deployment.provider}'" for deployment in model.deployments)
            where = f"{'provider' if len(names) == 1 else 'providers'} {' and '.join(names)}"
            return Conflict(f"The model '{id_}' was found at the {where}: it can't be changed here.")
        return UnknownModel(id_)
