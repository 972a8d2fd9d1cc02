"""Makes, changes and deletes models through the database, and has them served before it returns."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import structs

from turnout.errors import Conflict, UnknownModel

from .api_model_store import ModelDatabase
from .api_models import ApiModel, api_model_of, row_of
from .catalog import Catalog


class Registrar:
    """Every call may raise ``StorageUnavailable``. Other processes serve a change within a second or two."""

    def __init__(self, catalog: Catalog, database: ModelDatabase) -> None:
        self._catalog = catalog
        self._database = database

    async def create(self, draft: ApiModel) -> ApiModel:
        """Raises ``Conflict`` for a name that is taken, and ``InvalidRequest``."""
        place = self._catalog.configured.places.get(draft.id)
        if place is not None:
            raise Conflict(f"The name '{draft.id}' is taken by the configuration: {place}.", param="id")
        now = int(time.time())
        made = structs.replace(self._catalog.checked(draft), created=now, updated=now)
        store = await self._database.models()
        if not await store.add(row_of(made)):
            raise Conflict(f"There is a model '{made.id}' already: PUT /api/models/{made.id} changes it.", param="id")
        await self._catalog.refresh_made(self._database)
        return made

    async def change(self, id_: str, edit: Callable[[ApiModel], ApiModel]) -> ApiModel:
        """Raises ``UnknownModel``, ``Conflict`` for one that can't be changed here, and what ``edit`` raises."""
        await self._catalog.refresh_made(self._database)
        before = self._catalog.made_row(id_)
        if before is None:
            raise self._not_made(id_)
        made = structs.replace(self._catalog.checked(edit(api_model_of(before))), updated=int(time.time()))
        store = await self._database.models()
        if not await store.replace(before, row_of(made)):
            raise Conflict(f"The model '{id_}' was changed by somebody else meanwhile. Look at it and try again.")
        await self._catalog.refresh_made(self._database)
        return made

    async def delete(self, id_: str) -> None:
        """Raises ``UnknownModel``, and ``Conflict`` for one that can't be deleted here."""
        store = await self._database.models()
        if not await store.remove(id_):
            raise self._not_made(id_)
        await self._catalog.refresh_made(self._database)

    def _not_made(self, id_: str) -> Conflict | UnknownModel:
        place = self._catalog.configured.places.get(id_)
        if place is not None:
            return Conflict(f"The model '{id_}' is from the configuration, which says it: {place}. Change it there.")
        model = self._catalog.snapshot.models.get(id_)
        if model is not None:
            names = dict.fromkeys(f"'{deployment.provider}'" for deployment in model.deployments)
            where = f"{'provider' if len(names) == 1 else 'providers'} {' and '.join(names)}"
            return Conflict(f"The model '{id_}' was found at the {where}: it can't be changed here.")
        return UnknownModel(id_)
