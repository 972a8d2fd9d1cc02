"""One request and its reply: read, admitted, answered; or refused in the client's own dialect."""

from __future__ import annotations

import asyncio
import time
from functools import cache

import structlog

from turnout.core import Key, Request
from turnout.dialects import ConversationEndpoint, HasOwnStatuses, SendsCallsWhole, Target
from turnout.engine import Call
from turnout.errors import AllowanceError, TurnoutError, UpstreamError
from turnout.gateway import Gateway
from turnout.guard import team_of
from turnout.server.access import Access
from turnout.server.endpoints import Match
from turnout.server.request import (
    ClientLeft,
    Head,
    Receive,
    Scope,
    Send,
    new_request_id,
    read_body,
    read_head,
    seconds_in,
    with_headers,
    with_query,
)
from turnout.worker_threads import LARGE

from .answering import Answering
from .bounds import check_body, may_hold, takes_form
from .cache_headers import cache_words
from .client_reply import ClientReply
from .departure import Departure
from .limit_headers import limit_headers
from .notices import Notices
from .origin import origin_of

_LONG_TO_PARSE = 4 * LARGE  # a conversation stays unread, which takes half a microsecond for each KB
_ALWAYS_RELAYED = frozenset({b"user-agent"})
_log = structlog.get_logger(__name__)


@cache
def _relayed_names(of_the_wire: frozenset[bytes]) -> frozenset[bytes]:
    return of_the_wire | _ALWAYS_RELAYED


class Exchange:
    """``client`` is the reply as far as it has gone out."""

    def __init__(
        self,
        gateway: Gateway,
        access: Access,
        notices: Notices,
        match: Match,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._gateway = gateway
        self._access = access
        self._dialect, self._endpoint, self._model_in_path = match
        self._scope = scope
        self._receive = receive
        self._id = new_request_id()
        self._received = time.perf_counter()
        self.client = ClientReply(self._id, send, notices)

    async def answer(self) -> None:
        """Raises ``TurnoutError`` as long as nothing has been sent."""
        if "refuse_with" in self._scope["state"]:
            raise self._scope["state"].pop("refuse_with")  # a local name would hold this frame by its traceback
        head = read_head(self._scope)
        key = self._access.key_of(self._scope, head)
        body = await read_body(head, self._receive, self._gateway.settings.server.max_body_bytes)
        departure = Departure(self._gateway.ticker, self._receive)
        try:
            self._received = time.perf_counter()
            size, threads = len(body), self._gateway.worker_threads
            parse = self._parse
            request = await threads.enter(parse, body, head) if size > _LONG_TO_PARSE else parse(body, head)
            del body  # its fields live on in the request
            call = await self._gateway.admit(self._call(request, size, key, head))
            del request
            await self._answer(call)
        except asyncio.CancelledError:
            if departure.gone:
                raise ClientLeft from None
            raise
        finally:
            departure.stop()

    async def _answer(self, call: Call) -> None:
        answering = Answering(self._gateway, self._endpoint, self.client, self._reason_to_stop)
        spending = call.spending
        if spending is None:
            await answering.answer(call)
            return
        try:
            self.client.limits = limit_headers(self._dialect.name, spending.levels(), time.time())
            await answering.answer(call)
        finally:
            spending.close()

    def _reason_to_stop(self) -> TurnoutError | None:
        """The error with which the server stopped this request, if it did. It is given once."""
        error: TurnoutError | None = self._scope["state"].pop("refuse_with", None)
        return error

    def _call(self, request: Request, size: int, key: Key, head: Head) -> Call:
        team = team_of(key, self._gateway.snapshot.rules)
        return Call(
            request=request,
            request_id=self._id,
            received=self._received,
            origin=origin_of(self._dialect.name, key, team, head, request),
            key=key,
            size=size,
            strict=key.strict or head.strict,
            timeout=None if head.timeout is None else seconds_in(head.timeout),
            session=head.session,
            tags=head.tags,
            conversing=self._endpoint if isinstance(self._endpoint, ConversationEndpoint) else None,
            unseen="calls" if isinstance(self._endpoint, SendsCallsWhole) else "nothing",
            cache_words=cache_words(head.cache_control, head.cache) if head.cache_control or head.cache else None,
        )

    def _parse(self, body: bytes, head: Head) -> Request:
        values = self._gateway.settings.limits.values
        query: bytes = self._scope["query_string"]
        target = Target(self._model_in_path, query.decode("latin-1"), head.content_type)
        if may_hold(body, values) and not takes_form(self._endpoint):
            check_body(body, values)
        request: Request = self._endpoint.parse(body, target)
        names = _relayed_names(self._endpoint.relayed_headers)
        return with_query(with_headers(request, self._scope["headers"], names), target.query)

    async def refuse(self, error: TurnoutError) -> None:
        """Sends an error before anything else was sent, in the dialect's shape."""
        if isinstance(error, UpstreamError):
            _log.warning(
                "request failed", request_id=self._id, model=self.client.model, code=error.code, error=str(error)
            )
        if isinstance(error, AllowanceError):
            self._gateway.metrics.limited(error.gauge)
        body, dialect = self._dialect.error(error, self._id), self._dialect
        status = dialect.status(error) if isinstance(dialect, HasOwnStatuses) else error.status
        await self.client.send_whole(status, body, self.client.error_headers(error))

    async def stopped(self) -> bool:
        """Says why the server stopped this request, if it did: its body came too slowly, or it is shutting down."""
        error = self._reason_to_stop()
        if error is None or self.client.has_begun:
            return False
        await self.refuse(error)
        return True

    async def fail(self) -> bool:
        """Says that Turnout itself failed. False when an answer had begun: then only the connection can be cut."""
        _log.exception("a defect in Turnout", request_id=self._id, model=self.client.model)
        if self.client.has_begun:
            return False
        await self.refuse(TurnoutError(f"Turnout failed. Its log says more, under the request id {self._id}."))
        return True

    def count(self) -> None:
        """Counts the ended request in the metrics."""
        seconds = time.perf_counter() - self._received
        self._gateway.metrics.request_ended(self._dialect.name, self.client.model, self.client.status, seconds)
