"""From an admitted call to its answer: counted, sent whole, or streamed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from turnout.core import ChatRequest, CountRequest, Outcome, Product, Relayed, StreamEvent, ended, fold, usd
from turnout.dialects import ConversationEndpoint, Endpoint, Renderer, ReplyContext, ReplyFacts
from turnout.engine import Call, Models, Reply, reason_of
from turnout.errors import TurnoutError
from turnout.gateway import Gateway

from .cache_headers import cache_headers
from .client_reply import JSON, ClientReply
from .keepalive import Keepalive

_log = structlog.get_logger(__name__)
_MANY = 1000  # events; an answer of more is put together in a thread


class Answering:
    """``reason_to_stop`` gives the error with which the server stopped the request, once, if it did."""

    def __init__(
        self,
        gateway: Gateway,
        endpoint: Endpoint[Any, Any],
        client: ClientReply,
        reason_to_stop: Callable[[], TurnoutError | None],
    ) -> None:
        self._gateway = gateway
        self._endpoint = endpoint
        self._client = client
        self._reason_to_stop = reason_to_stop
        self._reply: Reply | None = None

    async def answer(self, call: Call) -> None:
        """Raises ``TurnoutError`` as long as nothing has been sent."""
        snapshot = self._gateway.snapshot
        model = snapshot.find(call.request.model)
        self._client.model, self._client.deployments = model.name, model.deployments
        if isinstance(call.request, CountRequest):
            await self._send_count(call, call.request, snapshot)
            return
        try:
            await (self._stream(call, snapshot) if call.request.stream else self._send_whole(call, snapshot))
        except asyncio.CancelledError as cancelled:
            await self._leave(reason_of(cancelled))
            raise
        finally:
            if self._reply is not None:
                await self._reply.leave()

    async def _open(self, call: Call, models: Models) -> Reply:
        """Raises ``TurnoutError`` when no deployment answers."""
        reply = self._reply = await self._gateway.engine.open(call, models)
        self._client.dropped = reply.dropped()
        if call.keeping is not None:
            self._client.cache = cache_headers(call.keeping)
        return reply

    async def _leave(self, outcome: Outcome) -> None:
        if self._reply is not None:
            await self._reply.leave(outcome)

    async def _send_count(self, call: Call, request: CountRequest, models: Models) -> None:
        count = await self._gateway.counter.count(call, request, models)
        context = ReplyContext(request_id=call.request_id, model=request.model, created=int(time.time()))
        body = self._body(call, count.events, context)
        headers = self._client.headers(JSON, count)
        headers.append((b"x-turnout-token-count", count.source.encode()))
        await self._client.send_whole(200, body, headers)

    async def _send_whole(self, call: Call, models: Models) -> None:
        reply = await self._open(call, models)
        events = await reply.read_all()
        large = (call.large and not reply.relayed) or len(events) > _MANY
        context = self._context(call)
        if large:
            body = await self._gateway.worker_threads.run(self._body, call, events, context)
        else:
            body = self._body(call, events, context)
        if call.conversing is not None:
            await self._keep(call, call.conversing, reply, body)
        headers = self._client.headers(self._endpoint.media_type(call.request), reply)
        cost = reply.cost
        if cost is not None:
            headers.append((b"x-turnout-cost-usd", usd(cost).encode()))
        await self._client.send_whole(200, body, headers)

    def _body(self, call: Call, events: Sequence[StreamEvent], context: ReplyContext) -> bytes:
        first = events[0]
        if isinstance(first, Relayed):
            return first.data
        result = next((event.result for event in events if isinstance(event, Product)), None)
        return self._endpoint.body(call.request, result or ended(fold(events)), context)

    async def _stream(self, call: Call, models: Models) -> None:
        renderer = self._endpoint.renderer(call.request, self._context(call))
        seconds = self._gateway.settings.server.keepalive
        keepalive = Keepalive(self._gateway.ticker, seconds, self._client, renderer)
        try:
            last = await self._send_pieces(call, models, renderer)
        finally:
            keepalive.stop()
        if last is not None:  # else the server cuts the connection of a reply that isn't complete
            await self._client.end_stream(last)

    async def _send_pieces(self, call: Call, models: Models, renderer: Renderer) -> bytes | None:
        """Sends the stream without its last piece, which it returns; None if there is no way to tell an error.

        A sign of life may begin the reply before a provider does. An error is told in the stream then.
        """
        try:
            return await self._send_answer(call, await self._open(call, models), renderer)
        except TurnoutError as error:
            if not self._client.has_begun:
                raise
            self._log_broken_stream(error)
            return renderer.fail(error)
        except asyncio.CancelledError as cancelled:
            await self._leave(reason_of(cancelled))
            failure = self._stopped_by_server(renderer) if self._client.has_begun else None
            if failure is None:
                raise
            return failure

    async def _send_answer(self, call: Call, reply: Reply, renderer: Renderer) -> bytes:
        """Raises ``UpstreamError`` when the answer breaks off."""
        client = self._client
        if not client.has_begun:
            await client.begin_stream(client.headers(renderer.media_type, reply))
        while (events := await reply.read()) is not None:
            data = renderer.feed(events)
            if data:
                await client.send_piece(data)
        last = renderer.close()
        if call.conversing is not None:
            await self._keep(call, call.conversing, reply, getattr(renderer, "response", None))
        return last

    def _log_broken_stream(self, error: TurnoutError) -> None:
        client = self._client
        _log.warning(
            "stream broke off", request_id=client.request_id, model=client.model, code=error.code, error=str(error)
        )

    def _stopped_by_server(self, renderer: Renderer) -> bytes | None:
        """The end of a stream that the server doesn't wait for any longer. None when the client has left."""
        error = self._reason_to_stop()
        return None if error is None else renderer.fail(error)

    async def _keep(self, call: Call, endpoint: ConversationEndpoint, reply: Reply, answer: bytes | None) -> None:
        """Keeps an answer that the client may continue."""
        if isinstance(call.request, ChatRequest):
            keep = self._gateway.conversations.keep
            await keep(endpoint, call.request, answer, call.key.id, reply.made_by, large=call.large)

    def _context(self, call: Call) -> ReplyContext:
        return ReplyContext(
            request_id=call.request_id,
            model=call.request.model,
            created=int(time.time()),
            received=call.received,
            facts=self._facts,
        )

    def _facts(self) -> ReplyFacts:
        reply = self._reply
        if reply is None:
            raise RuntimeError("no deployment has answered yet")
        deployment = reply.deployment
        return ReplyFacts(
            provider=deployment.provider,
            deployment=deployment.id,
            price=deployment.price,
            success=self._gateway.metrics.success(reply.plan.model, deployment.id),
        )
