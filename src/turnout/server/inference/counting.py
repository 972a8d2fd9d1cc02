"""How many tokens a request has: its provider's own count where its wire has one, else Turnout's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog
from msgspec.structs import replace

from turnout.core import AttemptEnd, AttemptStart, CountRequest, Deployment, Model, Product, StreamEvent
from turnout.engine import Call, Engine, Models
from turnout.errors import Unsupported, UpstreamError
from turnout.gateway import Gateway
from turnout.providers import registry
from turnout.routing.planner import plan
from turnout.tokens import count

_log = structlog.get_logger(__name__)


class Counted(msgspec.Struct, frozen=True):
    """``events`` are the count, or a provider's own reply. ``attempts`` is 0 when no provider was asked."""

    deployment: Deployment
    events: Sequence[StreamEvent]
    source: str = "reported"
    attempts: int = 0


async def counted(gateway: Gateway, call: Call, request: CountRequest, models: Models) -> Counted:
    """By the deployment that the request itself would go to first. Nothing is recorded: counting costs nothing.

    Raises ``UpstreamError`` when the provider finds a mistake in the request.
    """
    model = models.find(request.model)
    deployment = plan(model, models.find).steps[0].deployment
    try:
        return await _asked(gateway, call, replace(model, deployments=(deployment,), fallbacks=()))
    except Unsupported:
        pass  # a wire without such an operation
    except UpstreamError as error:
        if not error.elsewhere:
            raise
        _log.info("counted without the provider", model=model.name, deployment=deployment.id, error=str(error))
    found = await asyncio.to_thread(count, request.chat, deployment)
    return Counted(deployment, (Product(found),), found.source)


async def _asked(gateway: Gateway, call: Call, model: Model) -> Counted:
    nobody = _Nobody()
    engine = Engine(
        registry(),
        gateway.transport,
        recorder=nobody,
        meter=nobody,
        ticker=gateway.ticker,
        aside=gateway.aside,
        max_reply_bytes=gateway.settings.server.max_reply_bytes,
    )
    reply = await engine.open(call, _Alone(model))
    try:
        return Counted(reply.deployment, await reply.read_all(), attempts=reply.attempts)
    finally:
        await reply.leave()


class _Alone(msgspec.Struct, frozen=True):
    """A catalog of one model."""

    model: Model

    def find(self, name: str) -> Model:
        return self.model


class _Nobody:
    """Neither records nor measures."""

    def begin(self, start: AttemptStart) -> None: ...

    def end(self, end: AttemptEnd) -> None: ...

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd) -> None: ...
