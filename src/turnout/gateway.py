"""The rooms put together, without a server: what ``turnout serve`` and the library both stand on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from turnout.cache import ExactCache, MemoryStore, RedisStore
from turnout.catalog import Catalog, Snapshot
from turnout.config import CommandLine, MediaSettings, Settings
from turnout.conversations import Conversations
from turnout.core import Deployment, Request, WireRequest
from turnout.engine import Call, Engine, TokenCounter, is_relayed
from turnout.errors import KeptConnectionLost, UpstreamTimeout
from turnout.guard import Allowances, Gauge, SettledSums, StoreDown, chosen_store, has_budgets, log_alert
from turnout.host import Control, LocalControl
from turnout.ledger import Ledger, RequestList, Usage, new_owner
from turnout.media import Fetch, FilePreparer, ImagePreparer, ImageSupport
from turnout.providers import registry
from turnout.routing import Board, HealthRules
from turnout.steps import Step
from turnout.steps.allowed_model import AllowedModel
from turnout.steps.cached import Cached
from turnout.steps.continued import Continued
from turnout.steps.default_model import DefaultModel
from turnout.steps.reserved import Reserve
from turnout.steps.within_limits import WithinLimits
from turnout.storage import LazyDatabase
from turnout.telemetry import Metrics
from turnout.ticker import Ticker
from turnout.tokens import ContextCheck
from turnout.transport import Fetcher, Transport, address_of
from turnout.vectors import Vectors, vector_store
from turnout.worker_threads import WorkerThreads

_LIST_LIMIT = 16 * 1024 * 1024  # bytes of a provider's list of models


class GatewaySetup:
    """The configuration and what needs no event loop. Raises ``ConfigError``. ``open`` gives the gateway.

    ``control`` is the control process of this host; without one, this process is it.
    """

    def __init__(self, command_line: CommandLine | None = None, control: Control | None = None) -> None:
        self.control = LocalControl() if control is None else control
        self.catalog = Catalog(command_line)
        self.database = LazyDatabase(Path(self.settings.data_dir), os.environ.get("DATABASE_URL"))
        self.vectors = Vectors(vector_store(os.environ, Path(self.settings.data_dir), self.control))

    @property
    def settings(self) -> Settings:
        return self.catalog.settings

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Gateway]:
        """Opens connections and the ledger, and follows the configuration, until the context ends."""
        async with AsyncExitStack() as exits:
            owner, metrics = new_owner(), Metrics()
            allowances = self._allowances(owner, metrics)
            snapshot = self.catalog.snapshot
            await allowances.open(reads=has_budgets(snapshot.keys.values(), snapshot.rules))
            exits.push_async_callback(allowances.close)
            ledger = await Ledger.open(
                Path(self.settings.data_dir), self.database, self.settings.ledger.keep_days, allowances, owner
            )
            exits.push_async_callback(ledger.close)
            gateway = Gateway(self, ledger, allowances, metrics)
            exits.push_async_callback(gateway.close)
            if gateway.cache is not None:
                await gateway.cache.begin()
                exits.push_async_callback(gateway.cache.close)
            following = asyncio.get_running_loop().create_task(
                self.catalog.run(gateway.fetch, self.database, self.database, self.database)
            )
            exits.push_async_callback(_cancel, following)
            checking = asyncio.get_running_loop().create_task(
                self.catalog.check_deployments(gateway.board, gateway.fetch)
            )
            exits.push_async_callback(_cancel, checking)
            yield gateway

    def _allowances(self, owner: str, metrics: Metrics) -> Allowances:
        def alert(gauge: Gauge, share: int, spent: int) -> None:
            log_alert(gauge, share, spent)
            metrics.budget_alert(gauge.id, share)

        down = self.settings.store_down
        return Allowances(
            chosen_store(os.environ.get("REDIS_URL", ""), self.database.counters(), self.control),
            owner,
            SettledSums(self.database),
            StoreDown(down.limits, down.budgets),
            alert=alert,
        )


class Gateway:
    """The rooms, put together. ``GatewaySetup.open`` makes it. It belongs to the event loop that it is made in."""

    def __init__(self, setup: GatewaySetup, ledger: Ledger, allowances: Allowances, metrics: Metrics) -> None:
        self.control = setup.control
        self.catalog = setup.catalog
        self.database = setup.database
        self.vectors = setup.vectors
        self.ledger = ledger
        self.usage = Usage(setup.database)
        self.requests = RequestList(setup.database)
        health = self.settings.health
        self.board = Board(
            rules=HealthRules(failures=health.failures, pause=health.pause, longest_pause=health.longest_pause)
        )
        self.metrics = metrics
        self.metrics.troubled = self.board.troubled
        self.allowances = allowances
        self.ticker = Ticker()
        self.transport = Transport()
        self.worker_threads = WorkerThreads()
        self.conversations = Conversations(setup.database, self.worker_threads, self.settings.server.max_body_bytes)
        self._images, files = _preparers(self.settings.media)
        self.engine = Engine(
            registry(),
            self.transport,
            recorder=self.ledger,
            meter=self.metrics,
            board=self.board,
            ticker=self.ticker,
            worker_threads=self.worker_threads,
            preparers=(self._images, *files, ContextCheck()),
            max_reply_bytes=self.settings.server.max_reply_bytes,
        )
        self.counter = TokenCounter(
            registry(),
            self.transport,
            board=self.board,
            ticker=self.ticker,
            worker_threads=self.worker_threads,
            max_reply_bytes=self.settings.server.max_reply_bytes,
        )
        self.cache = _exact_cache(self.settings)
        if self.cache is not None:
            self.metrics.cache_sizes = self.cache.store.sizes
        self._first_steps: tuple[Step, ...] = (
            WithinLimits(self.catalog, self.worker_threads),
            DefaultModel(self.catalog),
            AllowedModel(self.catalog),
        )
        self._continued = Continued(self.conversations, self.catalog)
        self._reserve = Reserve(self.catalog, self.allowances, self._deployments_for)
        self._steps = self._row_of_steps()

    @property
    def settings(self) -> Settings:
        return self.catalog.settings

    @property
    def snapshot(self) -> Snapshot:
        """The catalog as it is now. Take it once for a request: it may be another one the next moment."""
        return self.catalog.snapshot

    def _row_of_steps(self) -> tuple[Step, ...]:
        """What happens to every call before the engine, in this order.

        ``Continued`` reads the messages anew: a step that changes messages belongs behind it. ``Reserve`` is the last
        one: what it sets aside would stay so if a later one refused.
        """
        cache = self.cache
        cached = () if cache is None else (Cached(cache, self.catalog, self.worker_threads, self.metrics),)
        return (*self._first_steps, *cached, self._continued, self._reserve)

    def _deployments_for(self, call: Call) -> list[Deployment]:
        return [candidate.deployment for candidate in self.engine.outlined(call, self.snapshot).candidates]

    def admit(self, call: Call) -> Awaitable[Call]:
        """``call`` after all steps. Raises ``TurnoutError`` when a step refuses it.

        Its ``spending`` has to be closed when the request has ended, whatever becomes of it.
        """
        return _passed(call, self._steps)

    def looked_at(self, call: Call) -> Awaitable[Call]:
        """The same for a call that isn't sent: it counts nowhere, and nothing is set aside for it."""
        return _passed(call, (*self._first_steps, self._continued))

    async def fetch(self, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """One small request to a provider: status, headers (lower-case names) and body. Raises ``UpstreamError``."""
        return await fetch(self.transport, request, seconds)

    async def close(self) -> None:
        """Ends its threads and its connections to providers."""
        self._images.close()
        self.worker_threads.close()
        await self.vectors.close()
        await self.transport.close()


def _exact_cache(settings: Settings) -> ExactCache | None:
    """In Redis where there is one, else in this process's memory. It keeps the settings that it starts with."""
    exact, url = settings.cache.exact, os.environ.get("REDIS_URL")
    if exact is None:
        return None
    if url:
        return ExactCache(RedisStore(url), exact.ttl, exact.share)
    return ExactCache(MemoryStore(exact.bytes), exact.ttl, exact.share, Path(settings.data_dir))


async def _passed(call: Call, steps: Sequence[Step]) -> Call:
    for step in steps:
        stepped = step(call)
        call = stepped if isinstance(stepped, Call) else await stepped
    return call


def _preparers(media: MediaSettings) -> tuple[ImagePreparer, tuple[FilePreparer, ...]]:
    """``media.fetch: never`` leaves out the one that does nothing but fetch."""
    fetch = Fetcher(max_bytes=media.max_bytes, seconds=media.timeout, private_hosts=media.private_hosts).fetch
    images = _image_preparer(media, fetch)
    if media.fetch == "never":
        return images, ()
    support = {name: provider.support for name, provider in registry().items()}
    return images, (FilePreparer(support, _is_relayed, images.read, fetch),)


def _is_relayed(request: Request, deployment: Deployment) -> bool:
    return is_relayed(registry()[deployment.provider], request, deployment)


def _image_preparer(media: MediaSettings, fetch: Fetch) -> ImagePreparer:
    return ImagePreparer(
        {name: ImageSupport(provider.profile.images, provider.support) for name, provider in registry().items()},
        fetch,
        when=media.fetch,
        max_pixels=media.max_pixels,
        max_decoded_bytes=media.max_decoded_bytes,
        cache_bytes=media.cache_bytes,
    )


async def fetch(transport: Transport, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
    """Does the same as ``Gateway.fetch``, without a gateway."""
    try:
        async with asyncio.timeout(seconds):
            try:
                response = await transport.send(request, seconds)
            except KeptConnectionLost:
                response = await transport.send(request, seconds)  # nothing is billed for what is asked here
            try:
                body = await response.read_all(_LIST_LIMIT)
                response.release()
            except BaseException:
                response.abort()
                raise
    except TimeoutError as error:
        raise UpstreamTimeout(f"{address_of(request.url)} did not answer within {seconds:g} s.") from error
    return response.status, response.headers, body


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
