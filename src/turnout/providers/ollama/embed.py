"""Embeddings (https://docs.ollama.com/api/embed)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from turnout.core import (
    Deployment,
    EmbeddingRequest,
    Embeddings,
    Product,
    Relayed,
    StreamEvent,
    Usage,
    UsageSoFar,
    WireRequest,
)
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.raw_fields import object_in
from turnout.providers.unreadable import unreadable

from . import ollama_wire as wire
from .build import NAMESPACE, add_extensions, add_own_defaults

Send = Callable[[Deployment, str, bytes], WireRequest]
"""Builds the provider's request from a deployment, a path and a body."""


class _Reply(msgspec.Struct):
    embeddings: tuple[tuple[float, ...], ...] | None = None
    model: str = ""
    prompt_eval_count: int = 0
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)


class Embed:
    wire = "ollama-embed"

    def __init__(self, provider: str, send: Send) -> None:
        self._provider = provider
        self._send = send

    def build(self, request: EmbeddingRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        options: dict[str, Any]
        if raw is not None and raw.wire == self.wire:
            body: dict[str, Any] = {**raw.fields, "model": deployment.model}
            options = object_in(raw.fields, "options")
        else:
            body, options = self._translated(request, deployment), {}
            add_extensions(body, options, (request.extensions or {}).get(NAMESPACE, {}))
        add_own_defaults(body, options, deployment)
        if options:
            body["options"] = options
        return self._send(deployment, "/api/embed", msgspec.json.encode(body))

    def _translated(self, request: EmbeddingRequest, deployment: Deployment) -> dict[str, Any]:
        """The body's fields without its options. ``user`` and ``purpose`` are left out, as they have no effect here."""
        if not all(isinstance(content, str) for content in request.inputs):
            raise Unsupported(f"The provider '{self._provider}' does not support inputs of tokens.", param="input")
        body: dict[str, Any] = {"model": deployment.model, "input": request.inputs}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        return body

    def decoder(self, request: EmbeddingRequest) -> Decoder:
        return _EmbedDecoder(len(request.inputs))

    def relay(self, request: EmbeddingRequest) -> Decoder:
        return _EmbedRelay()


class _EmbedDecoder(BodyReader):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self._inputs = inputs

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [wire.failure_of(reply.error)]
        vectors = reply.embeddings or ()
        if len(vectors) != self._inputs:
            raise UpstreamBroken(f"The provider sent {len(vectors)} embeddings for {self._inputs} inputs.")
        usage = _usage(reply)
        product = Product(Embeddings(vectors=vectors, model=reply.model, usage=usage))
        return [product, UsageSoFar(usage)] if usage else [product]


class _EmbedRelay(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [wire.failure_of(reply.error)]
        if reply.embeddings is None:
            raise UpstreamBroken("The provider's reply has no embeddings.")
        usage = _usage(reply)
        return [Relayed(data), UsageSoFar(usage)] if usage else [Relayed(data)]


def _read(data: bytes) -> _Reply:
    try:
        return _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("The provider sent what aren't embeddings.", data, error) from error


def _usage(reply: _Reply) -> Usage | None:
    return Usage(input=reply.prompt_eval_count) if reply.prompt_eval_count else None
