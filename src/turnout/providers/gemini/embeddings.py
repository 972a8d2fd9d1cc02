"""Embeddings (https://ai.google.dev/api/embeddings): ``batchEmbedContents``; ``embedContent`` only for its clients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    Deployment,
    EmbeddingRequest,
    Embeddings,
    Product,
    Relayed,
    StreamEvent,
    UsageSoFar,
    WireRequest,
)
from turnout.errors import InvalidRequest, Unsupported, UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.unreadable import unreadable

from .access import post, resource
from .decode import NAMESPACE, failure_of
from .gemini_usage import UsageMetadata

_encode = msgspec.json.encode
_REQUESTS = msgspec.json.Decoder(list[dict[str, Raw]])


class _Embedding(msgspec.Struct):
    values: tuple[float, ...] = ()


class _Reply(msgspec.Struct, rename="camel"):
    """``embedContent`` gives ``embedding``, and ``batchEmbedContents`` gives ``embeddings``."""

    embeddings: tuple[_Embedding, ...] = ()
    embedding: _Embedding | None = None
    usage_metadata: UsageMetadata | None = None
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)


class EmbedContent:
    """It is only relayed. Requests from other wires become batches."""

    wire = "gemini-embed"

    def build(self, request: EmbeddingRequest, deployment: Deployment) -> WireRequest:
        fields = request.raw.fields if request.raw else {}
        return post(deployment, "embedContent", _encode({**fields, "model": resource(deployment)}))

    def decoder(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsDecoder(len(request.inputs))

    def relay(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsRelay(request.number)


class BatchEmbedContents:
    wire = "gemini-batch-embed"

    def build(self, request: EmbeddingRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == self.wire:
            body: Mapping[str, Any] = {**raw.fields, "requests": _with_model(raw.fields, deployment)}
        else:
            body = {"requests": _translated(request, deployment)}
        return post(deployment, "batchEmbedContents", _encode(body))

    def decoder(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsDecoder(len(request.inputs))

    def relay(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsRelay(request.number)


def _with_model(fields: Mapping[str, Raw], deployment: Deployment) -> list[dict[str, Any]]:
    """The client's own requests, each with the deployment's model: Google requires it in every one."""
    try:
        requests = _REQUESTS.decode(fields.get("requests", b"null"))
    except msgspec.ValidationError as error:
        raise InvalidRequest("'requests' has to be a list of objects.", param="requests") from error
    return [{**fields, "model": resource(deployment)} for fields in requests]


def _translated(request: EmbeddingRequest, deployment: Deployment) -> list[dict[str, Any]]:
    """One request for each input. ``user`` is left out, as it has no effect here."""
    settings: dict[str, Any] = dict((request.extensions or {}).get(NAMESPACE, {}))
    if request.purpose is not None:
        settings["taskType"] = request.purpose
    if request.dimensions is not None:
        settings["outputDimensionality"] = request.dimensions
    return [
        {"model": resource(deployment), "content": {"parts": [{"text": _text(content)}]}, **settings}
        for content in request.inputs
    ]


def _text(content: str | tuple[int, ...]) -> str:
    if isinstance(content, str):
        return content
    raise Unsupported("The provider 'gemini' does not support inputs of tokens.", param="input")


class _EmbeddingsReader(BodyReader):
    def __init__(self, inputs: int | None) -> None:
        super().__init__()
        self._inputs = inputs

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        vectors = (reply.embedding,) if reply.embedding else reply.embeddings
        if self._inputs is not None and len(vectors) != self._inputs:
            raise UpstreamBroken(f"The provider sent {len(vectors)} embeddings for {self._inputs} inputs.")
        usage = reply.usage_metadata.usage() if reply.usage_metadata else None
        embeddings = Embeddings(vectors=tuple([vector.values for vector in vectors]), usage=usage)
        event = self._event(embeddings, data)
        return [event, UsageSoFar(usage)] if usage else [event]

    @abstractmethod
    def _event(self, embeddings: Embeddings, data: bytes) -> StreamEvent:
        """The event for the whole answer. ``data`` is its body."""


class _EmbeddingsDecoder(_EmbeddingsReader):
    def _event(self, embeddings: Embeddings, data: bytes) -> StreamEvent:
        return Product(embeddings)


class _EmbeddingsRelay(_EmbeddingsReader):
    def _event(self, embeddings: Embeddings, data: bytes) -> StreamEvent:
        return Relayed(data)


def _read(data: bytes) -> _Reply:
    try:
        return _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("Gemini sent what aren't embeddings.", data, error) from error
