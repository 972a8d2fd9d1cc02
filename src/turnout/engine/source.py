"""Where an attempt's events come from: a provider behind a socket, or one inside this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from math import inf
from typing import Any, Final, Protocol, cast

from turnout.core import (
    Change,
    ChatRequest,
    Deployment,
    EmbeddingRequest,
    Finish,
    Relayed,
    Request,
    Start,
    StreamEvent,
    whole,
)
from turnout.errors import (
    InvalidRequest,
    KeptConnectionLost,
    ReplyTooLarge,
    Unreadable,
    Unsupported,
    UpstreamBroken,
    UpstreamUnreachable,
)
from turnout.fitting import AnswerAsText, FirstCallOnly, Fitted, fit, is_form_taken
from turnout.providers import Decoder, LocalProvider, Operation, Provider, WireProvider, makes_vectors, no_operation
from turnout.transport import ERROR_BODY_LIMIT, Response, Transport

from .client_terms import changes_for_client, error_for_client
from .relayed_parts import with_relayed_parts

MOST_BYTES: Final = 64 * 1024 * 1024
"""The largest whole reply, unless the configuration sets another: pictures in base64 take some tens of megabytes."""

_FRAMES: Final = 4
"""A stream may have so many times more bytes: most of them are frames around its words, and only the words are kept."""


class Source(Protocol):
    status: int  # the provider's HTTP status, 0 before there is one
    ended: bool  # nothing is left to read
    relayed: bool  # the client's own bytes were sent, and the provider's come back
    size: int  # bytes of the reply so far, unpacked
    headers: Mapping[str, str]  # of the reply, with names in lower case
    changes: tuple[Change, ...]  # what the provider isn't told as the client said it
    signs_thoughts: bool  # the provider signs its thoughts

    @property
    def left_out(self) -> int:
        """Frames of a stream that couldn't be read, and were left out."""
        ...

    async def open(self) -> None:
        """Sends the request. Raises ``UpstreamError`` when the provider refuses it or can't be reached."""
        ...

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events; None after the last. No events are a sign of life: bytes came that say nothing yet.

        In a stream any byte is one. In a whole reply each piece is one, but for blanks before it begins.
        """
        ...

    def read_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """The events of relayed frames. Raises ``UpstreamError`` and ``Unreadable``."""
        ...

    def decoded_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """The events of all frames of a whole answer. Raises ``UpstreamError`` and ``Unreadable``."""
        ...

    async def abort(self) -> None:
        """Drops the rest of the reply. Does nothing after its end."""
        ...


def source_of(
    provider: Provider, request: Request, deployment: Deployment, transport: Transport, max_reply_bytes: int
) -> Source:
    """Raises ``Unsupported`` when the provider can't express the request, ``Unreadable`` when a request that has to be
    translated can't be read; nothing has been sent then. Both name a field as the client named it.
    """
    try:
        return _source_of(provider, request, deployment, transport, max_reply_bytes)
    except Unreadable:
        raise
    except (InvalidRequest, Unsupported) as error:
        raise error_for_client(error, request) from None


def _source_of(
    provider: Provider, request: Request, deployment: Deployment, transport: Transport, max_reply_bytes: int
) -> Source:
    errand: str | None = getattr(request, "errand", None)
    if hasattr(provider, "run"):  # isinstance of a Protocol would look at every member, for every request
        if errand:
            return LocalSource(_done(errand))
        return _local_source(cast(LocalProvider, provider), whole(request), deployment)
    operation = provider.operation(request)
    relay = _relay_of(provider, operation, request, deployment)
    if relay is None:
        if errand:
            return LocalSource(_done(errand))
        request = whole(request)
    return WireSource(provider, operation, relay, request, deployment, transport, max_reply_bytes)


def is_relayed(provider: Provider, request: Request, deployment: Deployment) -> bool:
    """Whether the client's own body goes to ``provider``, which then takes little work."""
    if hasattr(provider, "run"):
        return False
    return _relay_of(provider, provider.operation(request), request, deployment) is not None


async def _done(errand: str) -> AsyncIterator[Sequence[StreamEvent]]:
    """The answer to an Ollama client that wants a model loaded, or unloaded, by a provider that has all of its models
    ready. The client needs the word, and no provider has to be asked for it.
    """
    yield (Start("", ""), Finish("stop", errand))


def _local_source(provider: LocalProvider, request: Request, deployment: Deployment) -> LocalSource:
    """A provider with a ``wire`` gets the client's own fields of that wire."""
    raw = getattr(request, "raw", None)
    reads_raw = raw is not None and raw.wire == getattr(provider, "wire", "")
    fitted = Fitted(request) if reads_raw else fit(request, provider.name, provider.support, deployment)
    changes = changes_for_client(fitted.changes, request)
    return LocalSource(_local_events(provider, fitted.request, deployment), changes)


def _local_events(
    provider: LocalProvider, request: Request, deployment: Deployment
) -> AsyncIterator[Sequence[StreamEvent]]:
    if isinstance(request, ChatRequest):
        return provider.run(request, deployment)
    if isinstance(request, EmbeddingRequest) and makes_vectors(provider):
        return provider.embed(request, deployment)
    raise no_operation(provider.name, request)


class WireSource:
    """Sends through the transport, and reads through the provider's decoder."""

    def __init__(
        self,
        provider: WireProvider,
        operation: Operation[Any],
        relay: Callable[[Request], Decoder] | None,
        request: Request,
        deployment: Deployment,
        transport: Transport,
        max_reply_bytes: int,
    ) -> None:
        self._provider = provider
        self._operation = operation
        self._request = request
        self.signs_thoughts = provider.support.signs_thoughts
        self._deployment = deployment
        self._transport = transport
        self.relayed = relay is not None
        fitted = Fitted(request) if relay else fit(request, provider.name, provider.support, deployment)
        wire_request = operation.build(fitted.request, deployment)
        raw = getattr(request, "raw", None)
        if raw is not None and raw.wire == operation.wire:
            wire_request = with_relayed_parts(wire_request, raw)
        network = deployment.network
        self._wire_request = wire_request if network is None else wire_request.through(network)
        self.changes = changes_for_client((*fitted.changes, *self._wire_request.changes), request)
        self._decoder = self._reader = operation.decoder(fitted.request) if relay is None else relay(request)
        if fitted.first_call_only:
            self._decoder = FirstCallOnly(self._decoder)
        if fitted.answer_tool is not None:
            self._decoder = AnswerAsText(self._decoder, fitted.answer_tool)
        self._shows_life = request.stream  # in a whole reply only after blanks, which may come without end
        self._most = _most_bytes(request, self.relayed, max_reply_bytes)
        self._response: Response | None = None
        self._head: bytes | None = b""  # of the reply, until a part of an answer comes
        self.ended = False
        self.status = 0
        self.size = 0
        self.headers: Mapping[str, str] = {}

    @property
    def left_out(self) -> int:
        left_out: int = getattr(self._reader, "left_out", 0)  # a reader of whole bodies leaves nothing out
        return left_out

    async def open(self) -> None:
        try:
            timeouts = self._deployment.timeouts
            response = await self._transport.send(self._wire_request, timeouts.connect, timeouts.stall)
        except UpstreamUnreachable as error:
            hint = self._provider.profile.start_hint
            if not hint or isinstance(error, KeptConnectionLost):
                raise
            raise UpstreamUnreachable(f"{error.message} Is it running? Start it with: {hint}") from error
        self._response = response
        self.status, self.headers = response.status, response.headers
        if response.status >= 300:
            body = await response.read_all(ERROR_BODY_LIMIT)
            self.ended = True
            response.release()
            raise self._provider.refusal(response.status, response.headers, body, self._deployment)

    async def read(self) -> Sequence[StreamEvent] | None:
        response, events = self._response, None
        if response is None:
            raise RuntimeError("read before open")
        while not self.ended:
            data = await response.read()
            self.size += len(data)
            if self.size > self._most:
                raise _too_large(self._most)
            head = self._head
            events = self._decoded(response, data) if head is None else self._first_decoded(response, head, data)
            if events:
                return events
            self._shows_life = self._shows_life or not data.isspace()
            if self._shows_life and not self.ended:
                return ()
        if self._head is not None:
            self._raise_what_was_said(response)
        return None

    def _decoded(self, response: Response, data: bytes) -> Sequence[StreamEvent]:
        if data:
            return self._decoder.feed(data)
        self.ended = True
        response.release()
        return self._decoder.close()

    def _first_decoded(self, response: Response, head: bytes, data: bytes) -> Sequence[StreamEvent]:
        """Before there is a part of an answer, the reply may still turn out to be an error of any form."""
        self._head = head + data if len(head) < ERROR_BODY_LIMIT else head
        try:
            events = self._decoded(response, data)
        except UpstreamBroken as broken:
            self._raise_what_was_said(response, broken)
            raise
        for event in events:
            if type(event) is not Relayed or event.content:
                self._head = None
                break
        return events

    def _raise_what_was_said(self, response: Response, broken: UpstreamBroken | None = None) -> None:
        """Raises the provider's own error if it sent one where an answer was due: a stream has no event then, and a
        body can't be read as an answer.
        """
        head, self._head = self._head, None
        if not head or head.isspace():
            return
        error = self._provider.refusal(response.status, response.headers, head, self._deployment)
        if error.words.message:
            raise error from broken

    def read_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        return self._operation.decoder(whole(self._request)).feed(relayed)

    def decoded_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        decoder = self._operation.decoder(whole(self._request))
        return [*decoder.feed(relayed), *decoder.close()]

    async def abort(self) -> None:
        if self._response is not None and not self.ended:
            self.ended = True
            self._response.abort()


def _relay_of(
    provider: Provider, operation: Operation[Any], request: Request, deployment: Deployment
) -> Callable[[Request], Decoder] | None:
    """None where the client speaks another wire than ``operation``, where ``operation`` relays nothing, or where the
    model gives no answer of the form that is asked for.
    """
    if request.raw is None or request.raw.wire != operation.wire:
        return None
    if deployment.traits.schemas != "always" and not is_form_taken(request, provider.support, deployment):
        return None
    relay: Callable[[Request], Decoder] | None = getattr(operation, "relay", None)
    return relay


def _most_bytes(request: Request, relayed: bool, max_reply_bytes: int) -> float:
    """The largest reply that is read. A relayed stream has no bound: no more than one event of it is kept."""
    if not request.stream:
        return max_reply_bytes
    return inf if relayed else max_reply_bytes * _FRAMES


def _too_large(most: float) -> ReplyTooLarge:
    return ReplyTooLarge(
        f"The provider's reply is larger than {most:.0f} bytes, the limit here. "
        "Ask for less, or raise server.max_reply_bytes."
    )


class LocalSource:
    """Runs a provider that is inside this process."""

    def __init__(self, events: AsyncIterator[Sequence[StreamEvent]], changes: tuple[Change, ...] = ()) -> None:
        self._events = events
        self.changes = changes
        self.relayed = False
        self.signs_thoughts = False
        self.left_out = 0
        self.ended = False
        self.status = 0
        self.size = 0
        self.headers: Mapping[str, str] = {}

    async def open(self) -> None:
        self.status = 200

    async def read(self) -> Sequence[StreamEvent] | None:
        events = await anext(self._events, None)
        self.ended = events is None
        return events

    def read_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """Nothing is relayed here."""
        return ()

    def decoded_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """Nothing is relayed here."""
        return ()

    async def abort(self) -> None:
        close = getattr(self._events, "aclose", None)  # an async generator has one, an async iterator need not
        if close is not None:
            await close()
