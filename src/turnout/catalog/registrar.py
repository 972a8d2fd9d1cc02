"""Creates, changes and deletes models in the database. This process serves a change before the call returns."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import structs

from turnout.errors import Conflict, UnknownModel

from .api_model_store import ModelDatabase
from .api_models import ApiModel, api_model_of, row_of
from .catalog import Catalog


class Registrar:
    """Every call can raise ``StorageUnavailable``. Other processes serve a change within two seconds."""

    def __init__(self, catalog: Catalog, database: ModelDatabase) -> None:
        self._catalog = catalog
        self._database = database

    async def create(self, draft: ApiModel) -> ApiModel:
        """Raises ``Conflict`` for a name that is taken, and ``InvalidRequest``."""
        location = self._catalog.configured.locations.get(draft.id)
        if location is not None:
            raise Conflict(f"The name '{draft.id}' is taken by the configuration: {location}.", param="id")
        now = int(time.time())
        api_model = structs.replace(self._catalog.checked(draft), created=now, updated=now)
        store = await self._database.models()
        if not await store.add(row_of(api_model)):
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
        api_model = self._catalog.checked(edit(api_model_of(before)))
        api_model = structs.replace(api_model, updated=int(time.time()))
        store = await self._database.models()
        if not await store.replace(before, row_of(api_model)):
            raise Conflict(f"The model '{id_}' was changed by somebody else meanwhile. Look at it and try again.")
        await self._catalog.refresh_api_models(self._database)
        return api_model

    async def delete(self, id_: str) -> None:
        """Raises ``UnknownModel``, and ``Conflict`` for a model that can't be deleted here."""
        store = await self._database.models()
        if not await store.remove(id_):
            raise self._why_not_found(id_)
        await self._catalog.refresh_api_models(self._database)

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
