"""Vectors of texts: a model is asked for them, by the way of every request: steps, engine, ledger, limits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import msgspec
from fastapi import Request

from turnout.core import EmbeddingRequest, Embeddings, Origin, Product, StreamEvent, Usage
from turnout.engine import Call
from turnout.errors import UpstreamBroken
from turnout.gateway import Gateway
from turnout.server.access import key_of
from turnout.server.request import new_request_id, read_head
from turnout.vectors import packed_vector

_DIALECT: Final = "model_service"


class Embedded(msgspec.Struct, frozen=True):
    """``vectors`` are packed, one for each text. ``cost`` is in picodollars, None where it isn't known."""

    vectors: Sequence[bytes]
    model: str
    usage: Usage | None
    cost: int | None


async def embed(gateway: Gateway, model: str, texts: Sequence[str], request: Request) -> Embedded:
    """All texts in one request. Raises ``TurnoutError`` when a step refuses it, or no deployment answers."""
    call = await gateway.admit(_call(EmbeddingRequest(model=model, inputs=tuple(texts)), texts, request))
    try:
        reply = await gateway.engine.open(call, gateway.snapshot)
        try:
            events = await reply.read_all()
        finally:
            await reply.leave()
    finally:
        if call.spending is not None:
            call.spending.close()
    vectors = _vectors_in(events)
    if len(vectors) != len(texts):
        raise UpstreamBroken(f"'{model}' made {len(vectors)} vectors of {len(texts)} texts.")
    return Embedded([packed_vector(vector, "text") for vector in vectors], model, reply.usage, reply.cost)


def _vectors_in(events: Sequence[StreamEvent]) -> Sequence[Sequence[float]]:
    results = [event.result for event in events if isinstance(event, Product)]
    return [vector for result in results if isinstance(result, Embeddings) for vector in result.vectors]


def _call(embedding: EmbeddingRequest, texts: Sequence[str], request: Request) -> Call:
    key, head = key_of(request), read_head(request.scope)
    return Call(
        request=embedding,
        request_id=new_request_id(),
        received=time.perf_counter(),
        origin=Origin(dialect=_DIALECT, key_id=key.id, user=key.user, session=head.session),
        key=key,
        size=sum(map(len, texts)),
        strict=key.strict or head.strict,
        session=head.session,
        tags=head.tags,
    )
