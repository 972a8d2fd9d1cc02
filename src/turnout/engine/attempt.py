"""The life of one attempt at one deployment: it is sent, waited for, read, and settled exactly once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial

from turnout.core import Deployment, ImageRequest, Outcome, StreamEvent, TranscriptionRequest, Usage, UsageSoFar
from turnout.errors import TurnoutError, UpstreamBroken, UpstreamError, UpstreamTimeout
from turnout.ticker import Ticker

from .call import Call, reason_of
from .observing import AnswerObserver
from .settling import Settlement
from .source import Source
from .watchdog import FIRST_BYTE, FIRST_TOKEN, STALL, TOTAL, Deadline, Watchdog

_log = logging.getLogger(__name__)

_SILENT_AT_WORK = (ImageRequest, TranscriptionRequest)
_NOT_BEGUN = "did not begin to answer"
_STOPPED = "stopped in its answer: no more came"

_MOST_HELD_BACK = 100
_MOST_BYTES_HELD_BACK = 1024 * 1024
"""Events without content that are held back before they are passed on all the same."""


class Attempt:
    """``open`` gives the first events, ``read`` the next ones. ``leave`` ends it early, and does nothing after its end.

    ``request`` is the request as the client sent it. ``relayed``: the provider's own bytes are passed on.
    """

    def __init__(
        self,
        call: Call,
        deployment: Deployment,
        source: Source,
        settlement: Settlement,
        ticker: Ticker,
        total: Deadline,
    ) -> None:
        self.deployment = deployment
        self.request = call.request
        self.relayed = source.relayed
        self.changes = source.changes
        self._is_silent_at_work = isinstance(call.request, _SILENT_AT_WORK)
        self._stall = Deadline(deployment.timeouts.stall, STALL)
        self._source = source
        self._observer = AnswerObserver(call.request, time.perf_counter())
        self._settlement = settlement
        self._watchdog = Watchdog(ticker, total, partial(settlement.meter, source, self._observer))

    @property
    def number(self) -> int:
        """1 for a request's first attempt."""
        return self._settlement.start.number

    @property
    def usage(self) -> Usage | None:
        """What the provider has reported so far; after the end, the usage that was recorded."""
        return self._settlement.usage or self._observer.usage.reported

    @property
    def cost(self) -> int | None:
        """Picodollars; None before the end, and where the deployment has no price."""
        return self._settlement.cost

    @property
    def headers(self) -> Mapping[str, str]:
        """The provider's, with names in lower case."""
        return self._source.headers

    @property
    def size(self) -> int:
        """Bytes of the reply so far, unpacked."""
        return self._source.size

    @property
    def signs_thoughts(self) -> bool:
        """Whether the provider signs its thoughts, which nobody else can go on with."""
        return self._source.signs_thoughts

    def read_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """What relayed frames of the answer have said. Raises ``UpstreamError`` and ``Unreadable``."""
        return self._source.read_again(relayed)

    def decoded_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """The same of all frames of an answer that is whole."""
        return self._source.decoded_again(relayed)

    async def open(self) -> Sequence[StreamEvent]:
        """Sends the request and waits for content. Raises ``UpstreamError``; the attempt is settled then."""
        try:
            return await self._first_events()
        except UpstreamError as error:
            self._complete(error)
            await self._abandon(self._outcome(), error)
            raise
        except asyncio.CancelledError as cancelled:
            await self._abandon(reason_of(cancelled))
            raise
        except BaseException:
            await self._abandon(self._outcome())
            raise

    async def _first_events(self) -> Sequence[StreamEvent]:
        """The events up to the first content. If it fails before that, another deployment may still answer."""
        observer, source = self._observer, self._source
        with self._watchdog.expect(self._patience_for_first_byte(), _NOT_BEGUN):
            await source.open()
            held = [*await self._read_before_begin()]
        while not observer.has_begun and len(held) < _MOST_HELD_BACK and source.size < _MOST_BYTES_HELD_BACK:
            with self._watchdog.expect(self._patience_before_begin(), _STOPPED):
                held += await self._read_before_begin()
        return held

    def _patience_for_first_byte(self) -> Deadline:
        waits_for_token = self.request.stream and not self._is_silent_at_work
        return Deadline(self.deployment.timeouts.first_token, FIRST_TOKEN) if waits_for_token else self._silence()

    def _patience_before_begin(self) -> Deadline:
        """How long a provider may now be silent that has shown that it is alive.

        Raises ``UpstreamTimeout`` for one that shows nothing else for longer than a whole answer may take to begin.
        """
        timeouts = self.deployment.timeouts
        if not self.request.stream:
            return Deadline(timeouts.stall, STALL)
        waited = time.perf_counter() - self._observer.began
        longest, name = max((timeouts.first_byte, FIRST_BYTE), (timeouts.first_token, FIRST_TOKEN))
        if waited > longest:
            raise UpstreamTimeout(
                f"The provider showed that it was alive, but {_NOT_BEGUN} within {longest:g} s.", name
            )
        return Deadline(max(timeouts.first_token - waited, 0) + timeouts.stall, STALL)

    def _silence(self) -> Deadline:
        """How long a provider may be silent at work, where nothing shows that it works."""
        timeouts = self.deployment.timeouts
        if timeouts.total < timeouts.first_byte:
            return Deadline(timeouts.total, TOTAL)
        return Deadline(timeouts.first_byte, FIRST_BYTE)

    async def _read_before_begin(self) -> Sequence[StreamEvent]:
        events = await self._source.read()
        if events is None:
            raise UpstreamBroken("The provider ended its answer before it began.")
        return self._observer.observe(events)

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events, or None when the answer is complete. Raises ``UpstreamError`` when it breaks off."""
        observer = self._observer
        try:
            if observer.failure is not None:
                raise observer.failure.afresh()
            if not self._source.ended:
                patience = self._silence() if self._is_silent_at_work else self._stall
                with self._watchdog.expect(patience, _STOPPED):
                    events = await self._source.read()
                if events is not None:
                    return observer.observe(events)
            if observer.finish is None and self.request.stream:
                raise UpstreamBroken("The provider's stream ended in the middle of the answer, without a finish.")
        except UpstreamError as error:
            if not observer.is_complete:
                self._complete(error)
                await self._abandon("cut", error)
                raise
            await self._source.abort()  # the answer is whole, and nobody waits for what may still come
        if self._settlement.settled:
            return None
        self._settle("ok")
        return self._estimated_usage()

    def _estimated_usage(self) -> Sequence[StreamEvent] | None:
        """An estimate in place of the report that the provider didn't give. A relayed answer stays as it is."""
        usage = self._settlement.usage
        if self.relayed or usage is None or self._observer.usage.reported is not None:
            return None
        return (UsageSoFar(usage),)

    def leave(self, outcome: Outcome = "client_gone") -> Awaitable[None]:
        """Nobody waits for the answer any longer. Closing the connection tells the provider."""
        return self._abandon(outcome)

    async def _abandon(self, outcome: Outcome, error: TurnoutError | None = None) -> None:
        if self._settlement.settled:
            return
        self._settle(outcome, error)
        await self._source.abort()

    def _settle(self, outcome: Outcome, error: TurnoutError | None = None) -> None:
        self._watchdog.stop()
        self._settlement.settle(outcome, self._source, self._observer, error)

    def _complete(self, error: UpstreamError) -> None:
        """Adds what only the attempt knows, and takes the key out."""
        error.same_wire = self.relayed
        key = self.deployment.api_key
        if key:
            error.conceal(key.reveal())
        if error.excerpt:
            attempt_id = self._settlement.start.attempt_id
            _log.debug("%s: the unreadable reply begins with %s", attempt_id, error.excerpt)

    def _outcome(self) -> Outcome:
        return "failed" if self._observer.first_token is None else "cut"
