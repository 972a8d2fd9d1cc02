"""The data plane: one request to a model, from its dialect to a deployment and back.

Nothing here waits for anything but the client and the provider.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import quote

import structlog
from msgspec import structs

from turnout.aside import LARGE
from turnout.core import ChatRequest, CountRequest, Deployment, Key, Product, Relayed, Request, StreamEvent, fold, usd
from turnout.default_model import default_model
from turnout.dialects import Conversing, Renderer, ReplyContext, ReplyFacts, Target
from turnout.engine import Call, Models, Reply, reason_of
from turnout.errors import TurnoutError, UpstreamError
from turnout.gateway import Gateway
from turnout.guard import require_model
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
    with_headers,
)

from .bounds import check_body, check_counts, may_hold, takes_form
from .counting import Counted, counted
from .departure import Departure
from .notices import Notices

_log = structlog.get_logger(__name__)
_JSON = (b"content-type", b"application/json")
_MISS = (b"x-turnout-cache", b"miss")
_MOST_DROPPED = 1000  # characters
_MANY = 1000  # events: their answer is put together aside
_CLIENT_LEFT_STATUS = 499  # nginx's; only metrics see it

Headers = list[tuple[bytes, bytes]]


class Inference:
    """Answers POST requests of every dialect."""

    def __init__(self, gateway: Gateway, access: Access) -> None:
        self._gateway = gateway
        self._access = access
        self._notices = Notices()

    async def handle(self, match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Exchange(self._gateway, self._access, self._notices, match, scope, receive, send)
        metrics = self._gateway.metrics
        metrics.tally.in_flight += 1
        try:
            await exchange.answer()
        except TurnoutError as error:
            await exchange.refuse(error)
        except ClientLeft:
            exchange.status = _CLIENT_LEFT_STATUS
        except asyncio.CancelledError:
            if not await exchange.stopped():
                raise
        except Exception:  # a defect of ours: the client is told in its own dialect, the log has the rest
            if not await exchange.fail():
                raise
        finally:
            metrics.tally.in_flight -= 1
            exchange.count()


class _Exchange:
    """One request and its reply."""

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
        self.status = 500
        self._gateway = gateway
        self._access = access
        self._notices = notices
        self._dialect, self._endpoint, self._model_asked = match
        self._scope = scope
        self._receive = receive
        self._send = send
        self._conversing = self._endpoint if isinstance(self._endpoint, Conversing) else None
        self._id = new_request_id()
        self._received = time.perf_counter()
        self._model = ""
        self._deployments: Sequence[Deployment] = ()
        self._key_id = ""
        self._large = False
        self._dropped: Sequence[str] = ()

    async def answer(self) -> None:
        """Raises ``TurnoutError`` as long as nothing has been sent."""
        if "refuse_with" in self._scope["state"]:
            raise self._scope["state"].pop("refuse_with")  # kept nowhere: it will hold this frame by its traceback
        head = read_head(self._scope)
        key = self._access.key_of(self._scope, head)
        body = await read_body(head, self._receive, self._gateway.settings.server.max_body_bytes)
        departure = Departure(self._gateway.ticker, self._receive)
        try:
            self._received = time.perf_counter()
            self._large = len(body) > LARGE
            aside = self._gateway.aside
            request = await aside.enter(self._parse, body, head) if self._large else self._parse(body, head)
            del body  # its fields live on in the request
            if not request.model:
                request = structs.replace(request, model=await default_model(self._gateway.catalog))
            require_model(key, request.model, self._gateway.snapshot)
            await self._reply(request, key)
        except asyncio.CancelledError:
            if departure.gone:
                raise ClientLeft from None
            raise
        finally:
            departure.stop()

    def _parse(self, body: bytes, head: Head) -> Request:
        limits = self._gateway.settings.limits
        query: bytes = self._scope["query_string"]
        target = Target(self._model_asked, query.decode("latin-1"), head.content_type)
        if may_hold(body, limits.values) and not takes_form(self._endpoint):
            check_body(body, limits.values)
        request: Request = self._endpoint.parse(body, target)
        check_counts(request, len(body), limits)
        if not self._endpoint.relayed_headers:
            return request
        return with_headers(request, self._scope["headers"], self._endpoint.relayed_headers)

    async def _reply(self, request: Request, key: Key) -> None:
        if self._conversing is not None and isinstance(request, ChatRequest):
            self._key_id = key.id
            request = await self._continued(self._conversing, request)
        snapshot = self._gateway.snapshot
        call = Call(
            request=request,
            request_id=self._id,
            dialect=self._dialect.name,
            received=self._received,
            key_id=key.id,
            user=key.user,
            large=self._large,
        )
        model = snapshot.find(request.model)
        self._model, self._deployments = model.name, model.deployments
        if isinstance(request, CountRequest):
            await self._count(call, request, snapshot)
            return
        reply = await self._gateway.engine.open(call, snapshot)
        context = ReplyContext(
            request_id=self._id,
            model=request.model,
            created=int(time.time()),
            received=self._received,
            facts=lambda: self._facts(reply),
        )
        try:
            self._dropped = await self._gateway.aside.run(reply.dropped) if self._large else reply.dropped()
            if request.stream:
                await self._stream(request, reply, context)
            else:
                await self._send_whole(request, reply, context)
        except asyncio.CancelledError as cancelled:
            await reply.leave(reason_of(cancelled))
            raise
        finally:
            await reply.leave()

    async def _continued(self, endpoint: Conversing, request: ChatRequest) -> ChatRequest:
        """``request`` after what came before it, which counts like what it says itself."""
        begin = self._gateway.conversations.begin
        continued = await begin(endpoint, request, self._key_id, large=self._large)
        if continued is not request and continued.raw is not None and continued.raw.continues is not None:
            size = sum(map(len, continued.raw.continues.items))
            check_counts(continued, size, self._gateway.settings.limits)
            self._large = self._large or size > LARGE
        return continued

    async def _count(self, call: Call, request: CountRequest, models: Models) -> None:
        found = await counted(self._gateway, call, request, models)
        context = ReplyContext(request_id=self._id, model=request.model, created=int(time.time()))
        body = self._body(request, found.events, context)
        await self._respond(200, body, [*self._headers(found), (b"x-turnout-token-count", found.source.encode())])

    def _facts(self, reply: Reply) -> ReplyFacts:
        deployment = reply.deployment
        return ReplyFacts(
            provider=deployment.provider,
            deployment=deployment.id,
            price=deployment.price,
            success=self._gateway.metrics.success(reply.plan.model, deployment.id),
        )

    async def _send_whole(self, request: Request, reply: Reply, context: ReplyContext) -> None:
        events = await reply.read_all()
        large = self._large or len(events) > _MANY
        body = await self._gateway.aside.run_if(large, self._body, request, events, context)
        if self._conversing is not None:
            await self._keep(self._conversing, request, reply, body)
        headers = self._headers(reply)
        headers[0] = (b"content-type", self._endpoint.media_type(request).encode())
        if reply.cost is not None:
            headers.append((b"x-turnout-cost-usd", usd(reply.cost).encode()))
        await self._respond(200, body, headers)

    def _body(self, request: Request, events: Sequence[StreamEvent], context: ReplyContext) -> bytes:
        first = events[0]
        if isinstance(first, Relayed):
            return first.data
        given = next((event.result for event in events if isinstance(event, Product)), None) or fold(events)
        return self._endpoint.body(request, given, context)

    async def _stream(self, request: Request, reply: Reply, context: ReplyContext) -> None:
        renderer = self._endpoint.renderer(request, context)
        headers = self._headers(reply)
        headers[0] = (b"content-type", renderer.media_type.encode())
        headers.append((b"cache-control", b"no-cache"))
        self.status = 200
        send = self._send
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            while (events := await reply.read()) is not None:
                data = renderer.feed(events)
                if data:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            last = renderer.close()
            if self._conversing is not None:
                await self._keep(self._conversing, request, reply, getattr(renderer, "response", None))
        except UpstreamError as error:
            _log.warning("stream broke off", request_id=self._id, model=self._model, code=error.code, error=str(error))
            told = renderer.fail(error)
            if told is None:
                return  # the server cuts the connection of a reply that isn't complete
            last = told
        except asyncio.CancelledError as cancelled:
            await reply.leave(reason_of(cancelled))
            told = self._told_to_stop(renderer)
            if told is None:
                raise
            last = told
        await send({"type": "http.response.body", "body": last, "more_body": False})

    def _told_to_stop(self, renderer: Renderer) -> bytes | None:
        """The end of a stream that the server doesn't wait for any longer."""
        error = self._scope["state"].pop("refuse_with", None)
        return None if error is None else renderer.fail(error)

    async def _keep(self, endpoint: Conversing, request: Request, reply: Reply, answer: bytes | None) -> None:
        if isinstance(request, ChatRequest):
            keep = self._gateway.conversations.keep
            await keep(endpoint, request, answer, self._key_id, reply.deployment.id, large=self._large)

    def _headers(self, told: Reply | Counted | UpstreamError) -> Headers:
        """Who answered, or who failed last."""
        if isinstance(told, UpstreamError):
            provider, deployment = told.provider, told.deployment
        else:
            provider, deployment = told.deployment.provider, told.deployment.id
        headers = [
            _JSON,
            (b"x-request-id", self._id.encode()),
            (b"x-turnout-model", _header_value(self._model)),
            (b"x-turnout-provider", provider.encode()),
            (b"x-turnout-deployment", _header_value(deployment)),
            (b"x-turnout-attempts", str(told.attempts).encode()),
            _MISS,
        ]
        if self._dropped:
            headers.append((b"x-turnout-dropped", _header_value(", ".join(self._dropped)[:_MOST_DROPPED])))
        if warning := self._warning(deployment):
            headers.append((b"x-turnout-warning", _header_value(warning)))
        return headers

    def _warning(self, deployment: str) -> str:
        tried = next((one for one in self._deployments if one.id == deployment), None)
        return self._notices.of(tried) if tried is not None else ""

    async def refuse(self, error: TurnoutError) -> None:
        """An error before anything was sent, in the dialect's shape."""
        headers = [_JSON, (b"x-request-id", self._id.encode())]
        if isinstance(error, UpstreamError):
            _log.warning("request failed", request_id=self._id, model=self._model, code=error.code, error=str(error))
            headers = self._headers(error)
            if error.retry_after is not None:
                headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
        await self._respond(error.status, self._dialect.error(error, self._id), headers)

    async def stopped(self) -> bool:
        """Says why the server stopped this request, if it did: its body came too slowly, or it is shutting down."""
        error = self._scope["state"].pop("refuse_with", None)
        if error is None or self.status == 200:
            return False
        await self.refuse(error)
        return True

    async def fail(self) -> bool:
        """Says that Turnout itself failed. False when an answer had begun: then only the connection can be cut."""
        _log.exception("a defect in Turnout", request_id=self._id, model=self._model)
        if self.status == 200:
            return False
        await self.refuse(TurnoutError(f"Turnout failed. Its log says more, under the request id {self._id}."))
        return True

    async def _respond(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def count(self) -> None:
        seconds = time.perf_counter() - self._received
        self._gateway.metrics.request_ended(self._dialect.name, self._model, self.status, seconds)


def _header_value(text: str) -> bytes:
    """Names may hold any character, a header only ASCII: the others are percent-encoded."""
    return text.encode() if text.isascii() and text.isprintable() else quote(text).encode()
