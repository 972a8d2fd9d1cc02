"""Models, keys and settings of a running process: loaded once, then kept up to date.

``run`` follows five sources, each with a file of its own: the configuration (``config_files``), the providers' model
lists (``discovery_rounds``), the prices (``pricing``), the models made through the API (``api_model_store``), and the
keys, users and teams made there (``access``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from turnout import providers as provider_room
from turnout import routing
from turnout.config import CommandLine
from turnout.config.environment import Environment
from turnout.config.watching import LOOK_SECONDS
from turnout.core import Deployment, Description, Model
from turnout.errors import ConfigError
from turnout.prices import PACKAGE, price_book
from turnout.providers import Provider
from turnout.routing import Board
from turnout.storage import OLD_SECRET_KEY_VARIABLE, SECRET_KEY_VARIABLE, ModelRow, Vault

from . import clashes
from .access import AccessDatabase, AccessStore
from .access.beside_files import clashes as access_clashes
from .access.beside_files import joined_keys, joined_rules
from .access.beside_files import refuse_new_clashes as refuse_new_access_clashes
from .access.store import LOOK_SECONDS as ACCESS_SECONDS
from .api_model_store import ApiModelStore, ModelDatabase
from .api_models import ApiModel, api_model_of, checked, model_of, row_of
from .assembly import Assembler
from .config_files import ConfigFiles
from .configured import Configured
from .descriptions import Descriptions
from .discovery import Discovery, Fetch, Target, targets
from .discovery_rounds import DiscoveryRounds
from .health_checks import check_deployments
from .past_prices import PastPrices
from .pricing import price_days
from .snapshot import Snapshot
from .state import CatalogState, pending_restarts
from .taken_book import LOOK_SECONDS as BOOK_SECONDS
from .taken_book import BookDatabase, TakenBook

ASK_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


class Catalog:
    """``snapshot`` is replaced as a whole: take it once for each request.

    ``settings`` and ``configured`` (models, aliases and keys) are those of the last files without mistakes.
    """

    def __init__(
        self,
        command_line: CommandLine | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        providers: Mapping[str, Provider] | None = None,
        policies: Collection[str] | None = None,
    ) -> None:
        """Reads and checks the files; raises ``ConfigError``. Asks no provider: ``run`` and ``discover`` do.

        The defaults are the process's environment and all registered providers and policies.
        """
        self._environment = Environment(os.environ if variables is None else variables)
        self._providers = provider_room.registry() if providers is None else providers
        policies = routing.registry().keys() if policies is None else policies
        self._files = ConfigFiles(command_line or CommandLine(), self._environment, self._providers, policies)
        self._descriptions = Descriptions(self._providers)
        self._assembler = Assembler(self._providers, self._descriptions)
        self._rounds = DiscoveryRounds()
        self._lock = asyncio.Lock()
        self._error: str | None = None
        self._logged_unresolved: set[str] = set()
        self._adopt(self._files.read())
        self._settings_at_start = self.settings
        self.vault = Vault(
            Path(self.settings.data_dir),
            self._environment.value(SECRET_KEY_VARIABLE),
            self._environment.value(OLD_SECRET_KEY_VARIABLE),
        )
        self._api_models = ApiModelStore(Path(self.settings.data_dir), self.vault)
        self.access = AccessStore(Path(self.settings.data_dir))
        self.price_book = TakenBook(Path(self.settings.data_dir), price_book())
        self._discovery = Discovery(self.targets())
        self.snapshot = self._with_access(self._assemble())

    @property
    def first_discovery_done(self) -> asyncio.Event:
        """Set when ``run`` has asked every provider once."""
        return self._rounds.first_done

    def is_configured(self, name: str) -> bool:
        """Whether the files define a model or an alias of that name."""
        return name in self.configured.models or name in self.configured.aliases

    def targets(self) -> Sequence[Target]:
        """The providers that discovery asks, each with the deployment whose access it uses."""
        if not self.settings.discovery:
            return ()
        return list(targets(self.configured.factory, self._environment, self._providers.values()))

    def description_of(self, deployment: Deployment) -> Description:
        """What the engine that runs it says of its model."""
        return self._descriptions.of(deployment)

    def past_prices(self) -> PastPrices:
        """What recorded attempts cost by the prices that are known now."""
        models = self.snapshot.models.values()
        deployments = [deployment for model in models for deployment in model.deployments]
        return PastPrices(deployments, self.configured.factory, self._providers, self.price_book.book)

    def state(self) -> CatalogState:
        return CatalogState(
            ok=self._error is None,
            files=self._files.existing(),
            loaded=self._loaded,
            error=self._error,
            problems=tuple(self._problems()),
            models=len(self.snapshot.models),
            keys=len(self.snapshot.keys),
            auth_required=self.snapshot.auth_required,
            prices=f"{PACKAGE} {self.price_book.book.version}",
            discovery=tuple(self._discovery.findings()),
        )

    def log_advice(self, already_logged: Collection[str] = ()) -> None:
        """Warns of settings that work but are probably not intended."""
        for advice in self.configured.advice:
            if advice not in already_logged:
                log.warning("%s", advice)

    # --- models made through the API ---

    @property
    def api_models(self) -> Mapping[str, ApiModel]:
        """All models made through the API, by id. They include inactive ones and those whose name the files have."""
        return self._api_models.models

    def api_model_row(self, id_: str) -> ModelRow | None:
        """The last known database row of a model made through the API."""
        return self._api_models.row(id_)

    async def row_of(self, api_model: ApiModel) -> ModelRow:
        """The model as the database has it, with its key encrypted. Raises ``SecretsUnavailable``."""
        return await asyncio.to_thread(row_of, api_model, self.vault)

    async def api_model_of(self, row: ModelRow) -> ApiModel:
        """Raises ``SecretsUnavailable``."""
        return await asyncio.to_thread(api_model_of, row, self.vault)

    def model_of(self, api_model: ApiModel) -> Model | None:
        """The model that is served, or would be served if it were active. None: it can't be served here.

        A model that isn't served has no deployment id and no price from the price book.
        """
        has_name = api_model.id not in self.configured.locations
        served = self.snapshot.models.get(api_model.id) if has_name else None
        if served is not None and api_model.status == "active":
            return served
        return model_of(api_model, self.configured.factory, self._environment.variables)

    def checked(self, api_model: ApiModel) -> ApiModel:
        """The model with its provider's main name. Raises ``InvalidRequest`` when it can't be served here."""
        return checked(api_model, self.configured.factory, self._environment.variables)

    async def refresh_api_models(self, database: ModelDatabase) -> None:
        """Serves the models that the database has now."""
        if await self._api_models.refresh(database):
            await self._replace_snapshot()

    # --- keys, users and teams made through the API ---

    async def refresh_access(self, database: AccessDatabase) -> None:
        """Serves the keys, users and teams that the database has now. It waits for no models to be put together."""
        if await self.access.refresh(database):
            self.snapshot = self._with_access(self.snapshot)

    async def _follow_access(self, database: AccessDatabase) -> None:
        while True:
            await self.refresh_access(database)
            await self.access.keep()
            await asyncio.sleep(ACCESS_SECONDS)

    def _with_access(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the keys as they are now: they may have changed while it was put together."""
        configured, access = self.configured, self.access
        return snapshot.with_access(joined_keys(configured, access), joined_rules(configured, access))

    # --- keeping up to date ---

    async def run(
        self,
        fetch: Fetch,
        database: ModelDatabase | None = None,
        books: BookDatabase | None = None,
        access: AccessDatabase | None = None,
        *,
        ask_seconds: float = ASK_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Follows files, providers, prices, and what is made through the API, until cancelled.

        Asks providers every ``ask_seconds``. Looks at the files and at the ``database`` every ``look_seconds``, at who
        has ``access`` more often, and at the price ``books`` less often.
        """

        async def discover() -> None:
            await self.discover(fetch)
            self._log_unresolved()

        async with asyncio.TaskGroup() as group:
            if database is not None:
                group.create_task(self._follow_api_models(database, look_seconds))
            if access is not None:
                group.create_task(self._follow_access(access))
            if books is not None:
                group.create_task(self._keep_price_book(books))
            group.create_task(self._follow_files(look_seconds))
            group.create_task(self._follow_prices())
            group.create_task(self._rounds.run(discover, ask_seconds))

    async def discover(self, fetch: Fetch) -> None:
        """Asks the providers for their models, once, and engines for what their models can do."""
        discovery = self._discovery
        await discovery.ask(discovery.targets_to_ask(), fetch, self._replace_snapshot)
        if self.settings.discovery:
            models = self.snapshot.models.values()
            deployments = [deployment for model in models for deployment in model.deployments]
            await self._descriptions.ask(deployments, fetch, self._replace_snapshot)

    async def check_deployments(self, board: Board, fetch: Fetch) -> None:
        """Asks the served deployments again and again whether they are there, if the configuration says so."""
        seconds = self._settings_at_start.health.check
        while seconds is not None:
            await asyncio.sleep(seconds * board.random.uniform(0.9, 1.1))  # processes don't ask in step
            await check_deployments(self.snapshot, self._providers, board, fetch)

    async def reload(self) -> bool:
        """Reads the files again. False when they have mistakes: nothing changes then, and ``state`` has the error."""
        async with self._lock:
            try:
                self._files.refuse_lost()
                configured = await asyncio.to_thread(self._files.read)
                clashes.refuse_new_clashes(self.api_models, self.configured, configured)
                refuse_new_access_clashes(self.access, self.configured, configured)
            except ConfigError as error:
                self._error = error.message
                log.error("the changed configuration is not used: %s", error.message)
                return False
            logged_advice = self.configured.advice
            self._adopt(configured)
            self._discovery = self._discovery.with_targets(self.targets())
            self.snapshot = self._with_access(await asyncio.to_thread(self._assemble))
        log.info("configuration loaded: %d models, %d keys", len(self.snapshot.models), len(self.snapshot.keys))
        self.log_advice(logged_advice)
        self._rounds.start_next()
        return True

    async def _follow_files(self, look_seconds: float) -> None:
        async for _ in self._files.changes(look_seconds):
            await self.reload()

    async def _follow_api_models(self, database: ModelDatabase, look_seconds: float) -> None:
        while True:
            await self.refresh_api_models(database)
            await asyncio.sleep(look_seconds)

    async def refresh_price_book(self, books: BookDatabase) -> None:
        """Bills by the book that counts in the database now; a newer one that ships may be taken before."""
        if await self.price_book.keep_up(books, self.settings.prices.take):
            await self._replace_snapshot()

    async def follow_price_book(self, books: BookDatabase) -> None:
        """Bills by the book that counts in the database now, and takes none. Raises ``StorageUnavailable``."""
        if await self.price_book.follow(await books.price_books()):
            await self._replace_snapshot()

    async def _keep_price_book(self, books: BookDatabase) -> None:
        while True:
            await self.refresh_price_book(books)
            await asyncio.sleep(BOOK_SECONDS)

    async def _follow_prices(self) -> None:
        async for _ in price_days():
            await self._replace_snapshot()

    async def _replace_snapshot(self) -> None:
        async with self._lock:
            self.snapshot = self._with_access(await asyncio.to_thread(self._assemble))

    def _adopt(self, configured: Configured) -> None:
        self.configured = configured
        self.settings = configured.settings
        self._error = None
        self._loaded = int(time.time())
        self._files.remember_filled()

    def _assemble(self) -> Snapshot:
        unreadable = self._api_models.unreadable
        servable = clashes.servable(self.api_models, unreadable, self.configured, self._environment.variables)
        return self._assembler.assemble(self.configured, self._discovery, servable, self.price_book.book)

    # --- problems ---

    def _problems(self) -> Iterator[str]:
        if self._error is not None:
            yield self._error
        if self._api_models.problem is not None:
            yield self._api_models.problem
        if self._api_models.plain is not None:
            yield self._api_models.plain
        for id_, why in self._api_models.unreadable.items():
            yield f"the API key of the model '{id_}', made through the API, can't be decrypted: {why}"
        if self.price_book.problem is not None:
            yield self.price_book.problem
        if self.access.problem is not None:
            yield self.access.problem
        yield from access_clashes(self.access, self.configured)
        yield from clashes.problems(self.api_models, self.configured, self.snapshot)
        yield from self._unresolved()
        yield from pending_restarts(self._settings_at_start, self.settings)

    def _unresolved(self) -> Iterator[str]:
        """A problem for each alias and fallback whose model isn't served now."""
        for name, mistake in self.configured.unresolved:
            if not self.snapshot.serves(name):
                yield str(mistake)

    def _log_unresolved(self) -> None:
        """Warns once of each alias and fallback whose model discovery hasn't found."""
        unresolved = set(self._unresolved())
        for problem in sorted(unresolved - self._logged_unresolved):
            log.warning("%s", problem)
        self._logged_unresolved = unresolved
