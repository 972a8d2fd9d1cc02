"""Models, keys and settings of a running process: loaded once, then kept up with files, servers and prices."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from turnout import providers as provider_room
from turnout import routing
from turnout.config import CommandLine, Settings
from turnout.config.environment import Environment
from turnout.config.files import paths_of
from turnout.config.watching import LOOK_SECONDS, changes, signature
from turnout.core import Model
from turnout.errors import ConfigError
from turnout.prices import PACKAGE, price_book
from turnout.providers import Provider
from turnout.storage import ModelRow

from . import clashes
from .api_model_store import ApiModelStore, ModelDatabase
from .api_models import ApiModel, checked, model_of
from .assembly import assemble
from .configured import Configured, configure
from .discovery import Discovery, Fetch, Finding, Target, targets
from .ids import IdBook
from .snapshot import Snapshot

ASK_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


class CatalogState(msgspec.Struct, frozen=True, kw_only=True):
    """For ``/health`` and ``turnout doctor``. ``ok`` is False while the files say something else than what runs.

    ``loaded`` is a Unix time in seconds; ``prices`` the price book's version; ``problems`` have no secrets.
    """

    ok: bool
    files: tuple[str, ...]
    loaded: int
    error: str | None
    problems: tuple[str, ...]
    models: int
    keys: int
    auth_required: bool
    prices: str
    discovery: tuple[Finding, ...]


class Catalog:
    """``snapshot`` is swapped whole: take it once for each request. ``settings`` are those of the last good files.

    ``asked`` is set once ``run`` has asked every provider.
    """

    def __init__(
        self,
        command_line: CommandLine | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        providers: Mapping[str, Provider] | None = None,
        policies: Collection[str] | None = None,
    ) -> None:
        """Reads the files and checks them; raises ``ConfigError``. Asks nobody yet: that is ``run``'s work.

        Without arguments: the process's environment, and every provider and policy there is.
        """
        self._command_line = command_line or CommandLine()
        self._environment = Environment(os.environ if variables is None else variables)
        self._providers = provider_room.registry() if providers is None else providers
        self._policies = routing.registry().keys() if policies is None else policies
        self._paths = paths_of(self._command_line, self._environment)
        self._seen = signature(self._paths)  # before they are read, so that no change is missed
        self._error: str | None = None
        self._told: set[str] = set()
        self._ids = IdBook()
        self._created = int(time.time())
        self._lock = asyncio.Lock()
        self.asked = asyncio.Event()
        self._ask_now = asyncio.Event()
        self._adopt(self._configure())
        self._started = self.settings
        self._made = ApiModelStore(Path(self.settings.data_dir))
        self._discovery = Discovery(self.targets())
        self.snapshot = self._assembled()

    @property
    def settings(self) -> Settings:
        return self._configured.settings

    @property
    def made(self) -> Mapping[str, ApiModel]:
        """The models that were made through the API, by id, inactive ones and those whose name is taken too."""
        return self._made.models

    def made_row(self, id_: str) -> ModelRow | None:
        """One of them as the database had it last."""
        return self._made.row(id_)

    def model_of(self, made: ApiModel) -> Model | None:
        """``made`` as it would be served if it were active; without id and book price unless it is. None: not here."""
        served = None if made.id in self._configured.places else self.snapshot.models.get(made.id)
        if served is not None and made.status == "active":
            return served
        return model_of(made, self._configured.factory, self._environment.variables)

    def checked(self, made: ApiModel) -> ApiModel:
        """``made`` with its provider's own name. Raises ``InvalidRequest`` for what can't be served here."""
        return checked(made, self._configured.factory, self._environment.variables)

    @property
    def configured(self) -> Configured:
        """What the last good files say."""
        return self._configured

    def log_advice(self, before: Collection[str] = ()) -> None:
        """What works, but probably isn't meant; without what has been said ``before``."""
        for advice in self._configured.advice:
            if advice not in before:
                log.warning("%s", advice)

    def is_configured(self, name: str) -> bool:
        """Whether the files have a model or an alias of that name, which otherwise is discovered or built in."""
        return name in self._configured.models or name in self._configured.aliases

    def state(self) -> CatalogState:
        return CatalogState(
            ok=self._error is None,
            files=tuple(str(path) for path in self._paths if path.exists()),
            loaded=self._loaded,
            error=self._error,
            problems=tuple(self._problems()),
            models=len(self.snapshot.models),
            keys=len(self.snapshot.keys),
            auth_required=self.snapshot.auth_required,
            prices=f"{PACKAGE} {price_book().version}",
            discovery=tuple(self._discovery.findings()),
        )

    async def run(
        self,
        fetch: Fetch,
        database: ModelDatabase | None = None,
        *,
        ask_seconds: float = ASK_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Follows files, servers, prices, and the models made through the API, until cancelled.

        Servers are asked every ``ask_seconds``, files and the ``database`` looked at every ``look_seconds``.
        """
        async with asyncio.TaskGroup() as group:
            if database is not None:
                group.create_task(self._follow_made(database, look_seconds))
            group.create_task(self._follow_files(look_seconds))
            group.create_task(self._follow_prices())
            group.create_task(self._follow_servers(fetch, ask_seconds))

    async def reload(self) -> bool:
        """Reads the files again. False when they are wrong: then everything stays as it is and ``state`` says why."""
        async with self._lock:
            try:
                self._refuse_lost_files()
                configured = await asyncio.to_thread(self._configure)
                clashes.refuse_new_clashes(self.made, self._configured, configured)
            except ConfigError as error:
                self._error = error.message
                log.error("the changed configuration is not used: %s", error.message)
                return False
            before = self._configured.advice
            self._adopt(configured)
            self._discovery = self._discovery.renewed(self.targets())
            self.snapshot = await asyncio.to_thread(self._assembled)
        log.info("configuration loaded: %d models, %d keys", len(self.snapshot.models), len(self.snapshot.keys))
        self.log_advice(before)
        self._ask_now.set()
        return True

    async def refresh_made(self, database: ModelDatabase) -> None:
        """Serves what the database has now of models made through the API."""
        if await self._made.refresh(database):
            await self._swap()

    async def discover(self, fetch: Fetch) -> None:
        """Asks once whoever is worth asking."""
        discovery = self._discovery
        await discovery.ask(discovery.open_targets(), fetch, self._swap)

    async def _follow_files(self, look_seconds: float) -> None:
        async for _ in changes(self._paths, self._seen, look_seconds):
            await self.reload()

    async def _follow_made(self, database: ModelDatabase, look_seconds: float) -> None:
        while True:
            await self.refresh_made(database)
            await asyncio.sleep(look_seconds)

    async def _follow_servers(self, fetch: Fetch, ask_seconds: float) -> None:
        while True:
            self._ask_now.clear()
            await self.discover(fetch)
            self._log_missing()
            self.asked.set()
            await _wait(self._ask_now, ask_seconds)

    def _log_missing(self) -> None:
        """What aliases and fallbacks refer to, and discovery hasn't brought: each of them once."""
        missing = set(self._missing())
        for told in sorted(missing - self._told):
            log.warning("%s", told)
        self._told = missing

    async def _follow_prices(self) -> None:
        """Some prices change on a day that is known before, so they are looked up again each day."""
        while True:
            await asyncio.sleep(_seconds_to_midnight())
            await self._swap()

    async def _swap(self) -> None:
        async with self._lock:
            self.snapshot = await asyncio.to_thread(self._assembled)

    def _configure(self) -> Configured:
        return configure(self._command_line, self._environment, self._providers, self._policies)

    def _adopt(self, configured: Configured) -> None:
        self._configured = configured
        self._error = None
        self._loaded = int(time.time())
        self._held = [path for path in self._paths if not _lost(path)]

    def _assembled(self) -> Snapshot:
        made = clashes.servable(self.made, self._configured, self._environment.variables)
        return assemble(
            self._configured, self._discovery, self._providers, price_book(), self._ids, self._created, made
        )

    def _refuse_lost_files(self) -> None:
        """A file that is gone or empty is one being written, or a slip: its keys and models aren't dropped for it."""
        for path in self._held:
            if _lost(path):
                raise ConfigError(f"{path}: is gone or empty")

    def targets(self) -> Sequence[Target]:
        """Whom discovery asks, and as which deployment."""
        if not self.settings.discovery:
            return ()
        return list(targets(self._configured.factory, self._environment, self._providers.values()))

    def _problems(self) -> Iterator[str]:
        if self._error is not None:
            yield self._error
        if self._made.problem is not None:
            yield self._made.problem
        yield from clashes.problems(self.made, self._configured, self.snapshot)
        yield from self._missing()
        for section in ("server", "log", "media", "data_dir"):
            if getattr(self.settings, section) != getattr(self._started, section):
                yield f"the change of '{section}' takes effect after a restart"

    def _missing(self) -> Iterator[str]:
        """Where aliases and fallbacks refer to a name that nobody serves now."""
        for name, mistake in self._configured.missing:
            if not self.snapshot.serves(name):
                yield str(mistake)


def _lost(path: Path) -> bool:
    try:
        return not path.read_bytes().strip()
    except FileNotFoundError:
        return True
    except OSError:  # reading it properly says what is wrong
        return False


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within that time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False


def _seconds_to_midnight() -> float:
    now = datetime.now(UTC)
    return (datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC) - now).total_seconds() + 1
