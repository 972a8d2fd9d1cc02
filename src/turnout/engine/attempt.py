"""One try at one deployment: recorded before it is sent, settled exactly once after it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

import msgspec

from turnout.core import (
    AttemptEnd,
    AttemptStart,
    ChatRequest,
    Delta,
    Deployment,
    Failure,
    Finish,
    ImageRequest,
    Outcome,
    Part,
    PartStart,
    Product,
    Refusal,
    Relayed,
    Request,
    StreamEvent,
    Text,
    Thinking,
    TranscriptionRequest,
    Usage,
    UsageSoFar,
)
from turnout.core.words import plain
from turnout.errors import ReplyTooLarge, TurnoutError, UpstreamBroken, UpstreamError, UpstreamRefused, UpstreamTimeout
from turnout.ticker import Ticker

from .call import Call, Meter, Recorder, reason_of
from .estimate import TOKEN, estimated_usage, tokens, weight, weight_of, weight_of_bytes
from .source import Source
from .watchdog import Watchdog

_log = logging.getLogger(__name__)

_FRAME_END = b"\n\n"
"""Ends a server-sent event, most of which carry one token. Lines of NDJSON are relayed one by one."""

_MOST_HELD_BACK = 100
_MOST_BYTES_HELD_BACK = 1024 * 1024
"""Events that say nothing, before they are passed on all the same."""

_MOST_PARTS = 10_000
"""Parts and finishes of one answer. Something is kept for each, however little it says."""


class Attempt:
    """``open`` gives the first events, ``read`` the next ones, ``settle`` ends it; a second ``settle`` does nothing."""

    def __init__(
        self,
        call: Call,
        deployment: Deployment,
        number: int,
        source: Source,
        *,
        changes: tuple[str, ...],
        recorder: Recorder,
        meter: Meter,
        ticker: Ticker,
    ) -> None:
        self.deployment = deployment
        self.number = number
        self.usage: Usage | None = None
        self.cost: int | None = None
        self._call = call
        self._streamed = call.request.stream
        self._worded = isinstance(call.request, ChatRequest)  # what comes is text, whose tokens may be estimated
        self._unsteady = isinstance(call.request, ImageRequest | TranscriptionRequest)  # is silent while it works
        self._source = source
        self._changes = changes
        self._recorder = recorder
        self._meter = meter
        self._watchdog = Watchdog(ticker, deployment.timeouts.total)
        self._began = time.perf_counter()
        self._first_token: int | None = None
        self._finish: Finish | None = None
        self._failure: UpstreamError | None = None
        self._output_seen = 0  # hundredths of a token; a frame of an answer that is relayed is taken for one token
        self._output_counted = 0  # as much of it as the last reported usage counts
        self._parts = 0  # and finishes
        self._begun = False  # something was said, if only the end
        self._settled = False
        self._start = self._record_start()

    def _record_start(self) -> AttemptStart:
        call, deployment = self._call, self.deployment
        start = AttemptStart(
            attempt_id=f"{call.request_id}-{self.number}",
            request_id=call.request_id,
            number=self.number,
            started=time.time_ns() // 1000,
            dialect=call.dialect,
            key_id=call.key_id,
            user=call.user,
            model=call.request.model,
            deployment=deployment.id,
            provider=deployment.provider,
            upstream_model=deployment.model,
            stream=call.request.stream,
        )
        self._recorder.begin(start)
        return start

    @property
    def request(self) -> Request:
        """As the client sent it."""
        return self._call.request

    @property
    def relayed(self) -> bool:
        return self._source.relayed

    async def open(self) -> Sequence[StreamEvent]:
        """Sends the request, waits until something is said. Raises ``UpstreamError``; the attempt is settled then."""
        try:
            events = await self._first_events()
            return events if self._begun else await self._held_back(events)
        except UpstreamError as error:
            self._conceal_key(error)
            await self._abandon(self._outcome(), error)
            raise
        except asyncio.CancelledError as cancelled:
            await self._abandon(reason_of(cancelled))
            raise
        except BaseException:
            await self._abandon(self._outcome())
            raise

    async def _first_events(self) -> Sequence[StreamEvent]:
        """A whole answer comes in pieces, too, which say nothing before the last."""
        timeouts = self.deployment.timeouts
        patience = timeouts.first_token if self._streamed and not self._unsteady else self._silence()
        with self._watchdog.expect(patience, "did not begin to answer"):
            await self._source.open()
            events = await self._next()
        while not events:
            with self._watchdog.expect(timeouts.stall, "stopped in its answer: no more came"):
                events = await self._next()
        return events

    def _silence(self) -> float:
        """How long a provider may be silent while it works, where nothing tells that it does."""
        return min(self.deployment.timeouts.first_byte, self.deployment.timeouts.total)

    async def _held_back(self, events: Sequence[StreamEvent]) -> Sequence[StreamEvent]:
        """Events that say nothing, with those after them: if it fails now, another deployment may still answer.

        A provider that only shows that it is alive until its first token is due is believed to be at work.
        """
        held = [*events]
        due = self._began + self.deployment.timeouts.first_token
        while not self._begun and len(held) < _MOST_HELD_BACK and self._source.size < _MOST_BYTES_HELD_BACK:
            try:
                with self._watchdog.expect(due - time.perf_counter(), "did not begin to answer"):
                    held += await self._next()
            except UpstreamTimeout:
                break
        return held

    async def _next(self) -> Sequence[StreamEvent]:
        events = await self._source.read()
        if events is None:
            raise UpstreamBroken("The provider ended its answer before it began.")
        return self._observed(events)

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events, or None when the answer is complete. Raises ``UpstreamError`` when it breaks off."""
        try:
            if self._failure is not None:
                raise self._failure.afresh()
            if not self._source.ended:
                patience = self._silence() if self._unsteady else self.deployment.timeouts.stall
                with self._watchdog.expect(patience, "stopped in its answer: no more came"):
                    events = await self._source.read()
                if events is not None:
                    return self._observed(events)
            if self._finish is None and self._streamed:
                raise UpstreamBroken("The provider's stream ended in the middle of the answer, without a finish.")
        except UpstreamError as error:
            if not self._is_complete():
                self._conceal_key(error)
                await self._abandon("cut", error)
                raise
        told = self.usage is not None
        self.settle("ok")
        if told or self.usage is None or self.relayed:
            return None
        return (UsageSoFar(self.usage),)  # an estimate is better than none

    async def leave(self, outcome: Outcome = "client_gone") -> None:
        """Nobody waits any longer: the provider is told by closing the connection."""
        await self._abandon(outcome)

    def _is_complete(self) -> bool:
        """An answer with its finish and its usage is whole, even if the connection broke after them."""
        return self._finish is not None and self.usage is not None and self._failure is None

    async def _abandon(self, outcome: Outcome, error: TurnoutError | None = None) -> None:
        if self._settled:
            return
        self.settle(outcome, error)
        await self._source.abort()

    def _conceal_key(self, error: UpstreamError) -> None:
        key = self.deployment.api_key
        if key:
            error.conceal(key.reveal())
        if error.excerpt:
            _log.debug("%s: the unreadable reply begins with %s", self._start.attempt_id, error.excerpt)

    def _outcome(self) -> Outcome:
        return "failed" if self._first_token is None else "cut"

    def _observed(self, events: Sequence[StreamEvent]) -> Sequence[StreamEvent]:  # noqa: C901  # one flat switch
        """Takes down what the ledger needs. A failure is held back until what was said before it is out."""
        for number, event in enumerate(events):
            kind = type(event)
            if kind is Relayed:
                if event.content:  # type: ignore[union-attr]  # `kind is` is quicker than isinstance, per event
                    self._saw_relayed(event.data)  # type: ignore[union-attr]
            elif kind is Delta:
                self._saw_output(weight(event.text))  # type: ignore[union-attr]
            elif kind is UsageSoFar:
                self._saw_usage(event.usage)  # type: ignore[union-attr]
            elif kind is Finish:
                self._saw_one_more()
                self._finish = event  # type: ignore[assignment]
            elif kind is PartStart:
                self._saw_one_more()
                self._saw_part(event.part)  # type: ignore[union-attr]
            elif kind is Product:
                self._begun = True
                self._saw_output(0)
            elif kind is Failure:
                self._failure = _failed(event)  # type: ignore[arg-type]
                if number == 0 or not self._begun:
                    raise self._failure.afresh()
                return events[:number]
        return events

    def _saw_usage(self, usage: Usage) -> None:
        if usage.credible:
            self.usage = usage
            self._output_counted = self._output_seen

    def _saw_relayed(self, data: bytes) -> None:
        self._begun = True
        if not self._worded:
            self._saw_output(0)
        elif self._streamed:
            self._saw_output((data.count(_FRAME_END) or 1) * TOKEN)
        else:
            self._saw_output(weight_of_bytes(len(data)))  # a whole reply is mostly what it says

    def _saw_one_more(self) -> None:
        self._begun = True
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ReplyTooLarge(f"The provider's answer has more than {_MOST_PARTS} parts.")

    def _saw_part(self, part: Part) -> None:
        """Some wires open a text before its first word is there."""
        said = weight_of(part)
        if said or not isinstance(part, Text | Thinking | Refusal):
            self._saw_output(said)

    def _saw_output(self, said: int) -> None:
        self._output_seen += said
        if self._first_token is None:
            self._first_token = self._elapsed()

    def _elapsed(self) -> int:
        return int((time.perf_counter() - self._began) * 1e6)

    def settle(self, outcome: Outcome, error: TurnoutError | None = None) -> None:
        if self._settled:
            return
        self._settled = True
        self._watchdog.stop()
        self.usage = self._whole_usage(outcome)
        price = self.deployment.price
        if price is not None and self.usage is not None:
            self.cost = price.cost(self.usage)
        end = AttemptEnd(
            attempt_id=self._start.attempt_id,
            outcome=outcome,
            status=self._source.status,
            queue=int((self._began - self._call.received) * 1e6),
            first_token=self._first_token,
            total=self._elapsed(),
            usage=self.usage,
            cost=self.cost,
            price_version=price.version if price else None,
            operation=self._call.request.operation,
            changes=self._changes,
            finish=self._finish.native_reason if self._finish else None,
            error_code=error.code if error else None,
            error=error.message if error else None,
        )
        self._recorder.end(end)
        self._meter.attempt_ended(self._start, end)

    def _whole_usage(self, outcome: Outcome) -> Usage | None:
        """What was reported; of an answer that has no end, with an estimate of what has come since."""
        usage = self.usage
        if outcome == "failed" or (usage is not None and (outcome == "ok" or self._finish is not None)):
            return usage
        uncounted = tokens(self._output_seen - self._output_counted)
        if usage is None:
            return estimated_usage(self._call.request, uncounted)
        return msgspec.structs.replace(usage, output=usage.output + uncounted, source="estimated")


def _failed(event: Failure) -> UpstreamError:
    """An error that the provider reported inside its answer, as the status it would have had before it."""
    return UpstreamRefused(event.status, f"The provider reported: {plain(event.message)}", native_code=event.code)
