"""The rooms put together, without a server: what ``turnout serve`` and the library both stand on."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from turnout.aside import Aside
from turnout.catalog import Catalog, Snapshot
from turnout.config import CommandLine, Settings
from turnout.conversations import Conversations
from turnout.core import WireRequest
from turnout.engine import Call, Engine, TokenCounter
from turnout.errors import UpstreamTimeout
from turnout.host import Control, LocalControl
from turnout.ledger import Ledger
from turnout.media import ImagePreparer, ImageSupport
from turnout.providers import registry
from turnout.steps import Step
from turnout.steps.allowed_model import AllowedModel
from turnout.steps.continued import Continued
from turnout.steps.default_model import DefaultModel
from turnout.steps.within_limits import WithinLimits
from turnout.storage import LazyDatabase
from turnout.telemetry import Metrics
from turnout.ticker import Ticker
from turnout.tokens import ContextCheck
from turnout.transport import Fetcher, Transport, address_of

_LIST_LIMIT = 16 * 1024 * 1024  # bytes of a provider's list of models


class Gateway:
    """Reads the configuration when made (raises ``ConfigError``); opens connections and the ledger when entered.

    ``control`` is the control process of this host; without one, this process is it.
    """

    def __init__(self, command_line: CommandLine | None = None, control: Control | None = None) -> None:
        self.control = LocalControl() if control is None else control
        self.catalog = Catalog(command_line)
        self.metrics = Metrics()
        self.database = LazyDatabase(Path(self.settings.data_dir), os.environ.get("DATABASE_URL"))
        self._exits = contextlib.AsyncExitStack()

    @property
    def settings(self) -> Settings:
        return self.catalog.settings

    @property
    def snapshot(self) -> Snapshot:
        """The catalog as it is now. Take it once for a request: it may be another one the next moment."""
        return self.catalog.snapshot

    async def __aenter__(self) -> Self:
        self.ticker = Ticker()
        self.transport = Transport()
        self._exits.push_async_callback(self.transport.close)
        data_dir = Path(self.settings.data_dir)
        self.aside = Aside()
        self._exits.callback(self.aside.close)
        self.conversations = Conversations(self.database, self.aside, self.settings.server.max_body_bytes)
        self.ledger = await Ledger.open(data_dir, self.database)
        self._exits.push_async_callback(self.ledger.close)
        self.engine = Engine(
            registry(),
            self.transport,
            recorder=self.ledger,
            meter=self.metrics,
            ticker=self.ticker,
            aside=self.aside,
            preparers=(self._images(), ContextCheck()),
            max_reply_bytes=self.settings.server.max_reply_bytes,
        )
        self.counter = TokenCounter(
            registry(),
            self.transport,
            ticker=self.ticker,
            aside=self.aside,
            max_reply_bytes=self.settings.server.max_reply_bytes,
        )
        self._steps = self._row_of_steps()
        following = asyncio.get_running_loop().create_task(self.catalog.run(self.fetch, self.database))
        self._exits.push_async_callback(_cancelled, following)
        return self

    def _row_of_steps(self) -> tuple[Step, ...]:
        """What happens to every call before the engine, in this order."""
        limits = self.settings.limits
        return (
            WithinLimits(limits, self.aside),
            DefaultModel(self.catalog),
            AllowedModel(self.catalog),
            Continued(self.conversations, limits),
        )

    async def admit(self, call: Call) -> Call:
        """``call`` as the engine may have it. Raises ``TurnoutError`` when a step refuses it."""
        for step in self._steps:
            call = await step(call)
        return call

    def _images(self) -> ImagePreparer:
        """Its threads end with the gateway."""
        media = self.settings.media
        preparer = ImagePreparer(
            {name: ImageSupport(provider.profile.images, provider.support) for name, provider in registry().items()},
            Fetcher(max_bytes=media.max_bytes, seconds=media.timeout, private_hosts=media.private_hosts).fetch,
            when=media.fetch,
            max_pixels=media.max_pixels,
            max_decoded_bytes=media.max_decoded_bytes,
            cache_bytes=media.cache_bytes,
        )
        self._exits.callback(preparer.close)
        return preparer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def fetch(self, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """One small request to a provider: status, headers (lower-case names) and body. Raises ``UpstreamError``."""
        return await fetch(self.transport, request, seconds)


async def fetch(transport: Transport, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
    """What ``Gateway.fetch`` does, for who has a transport and no gateway."""
    try:
        async with asyncio.timeout(seconds):
            response = await transport.send(request, seconds)
            try:
                body = await response.read_all(_LIST_LIMIT)
                response.release()
            except BaseException:
                response.abort()
                raise
    except TimeoutError as error:
        raise UpstreamTimeout(f"{address_of(request.url)} did not answer within {seconds:g} s.") from error
    return response.status, response.headers, body


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
