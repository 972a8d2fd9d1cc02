"""Embeddings (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

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
    Usage,
    UsageSoFar,
)
from turnout.core.vectors import unpacked
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.unreadable import decode_reply

from .chat.chat_usage import usage_of
from .chat.decode import failure_of
from .json_operation import JsonOperation


class _Row(msgspec.Struct):
    embedding: Raw = Raw()
    index: int | None = None


class _Reply(msgspec.Struct):
    data: list[_Row] | None = None
    model: str | None = None
    usage: Raw = Raw()
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)
_VECTOR = msgspec.json.Decoder(str | tuple[float, ...])


class EmbeddingsWire(JsonOperation[EmbeddingRequest]):
    wire = "openai-embeddings"
    path = "embeddings"

    def _translated_fields(self, request: EmbeddingRequest, deployment: Deployment) -> dict[str, Any]:
        """Gemini's ``purpose`` has no place here: these models make one vector for all purposes."""
        single = len(request.inputs) == 1 and isinstance(request.inputs[0], str)
        fields: dict[str, Any] = {
            "model": deployment.model,
            "input": request.inputs[0] if single else request.inputs,
            "dimensions": request.dimensions,
            "user": request.user,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def decoder(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsDecoder(len(request.inputs))

    def relay(self, request: EmbeddingRequest) -> Decoder:
        return _EmbeddingsRelay(request)


class _EmbeddingsDecoder(BodyReader):
    """Reads both forms of vectors, as a server may not know the requested one."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self._inputs = inputs

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        return _events(reply, self._inputs)


class _EmbeddingsRelay(BodyReader):
    """Passes on a reply whose vectors have the form that the client asked for, and decodes any other reply.

    Ollama's and older servers' OpenAI wire always gives numbers.
    """

    def __init__(self, request: EmbeddingRequest) -> None:
        super().__init__()
        self._inputs = request.number
        encoding = request.raw.fields.get("encoding_format") if request.raw else None
        self._first_byte = b'"' if encoding is not None and bytes(encoding) == b'"base64"' else b"["

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not all(memoryview(row.embedding)[:1] == self._first_byte for row in reply.data or ()):
            return _events(reply, self._inputs)
        if not reply.data:
            raise UpstreamBroken("The provider's reply has no embeddings.")
        usage = usage_of(reply.usage)
        return [Relayed(data), UsageSoFar(usage)] if usage else [Relayed(data)]


def _read(data: bytes) -> _Reply:
    return decode_reply(_REPLY, data, "The provider sent what aren't embeddings.")


def _events(reply: _Reply, inputs: int | None) -> list[StreamEvent]:
    rows = reply.data or []
    if inputs is not None and len(rows) != inputs:
        raise UpstreamBroken(f"The provider sent {len(rows)} embeddings for {inputs} inputs.")
    in_order = sorted(rows, key=lambda row: row.index or 0)
    usage: Usage | None = usage_of(reply.usage)
    embeddings = Embeddings(vectors=tuple([_vector(row) for row in in_order]), model=reply.model or "", usage=usage)
    return [Product(embeddings), UsageSoFar(usage)] if usage else [Product(embeddings)]


def _vector(row: _Row) -> tuple[float, ...]:
    try:
        vector = _VECTOR.decode(row.embedding)
        return unpacked(vector) if isinstance(vector, str) else vector
    except ValueError as error:  # msgspec's errors are among them
        raise UpstreamBroken(f"The provider sent an embedding that can't be read: {error}.") from error
