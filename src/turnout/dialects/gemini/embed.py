"""``embedContent`` and ``batchEmbedContents`` (https://ai.google.dev/api/embeddings)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Raw

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.lazy import parse_inputs
from turnout.dialects.parsing import check_encoding, decode
from turnout.dialects.whole_reply import WholeReply

from . import gemini_bodies as wire
from .fields import STRING, Fields, camel, invalid, object_of, take, typed
from .parse import model_of
from .paths import paths_of
from .signature import NAMESPACE

_ONE = "gemini-embed"
_BATCH = "gemini-batch-embed"
_CONTENT = msgspec.json.Decoder(wire.Content)
_REQUESTS = msgspec.json.Decoder(Annotated[list[Raw], Meta(min_length=1)])


class _Settings(msgspec.Struct, rename="camel", frozen=True):
    """The settings beside each content."""

    task_type: str | None = None
    output_dimensionality: wire.Positive | None = None


_SETTINGS = msgspec.json.Decoder(_Settings)
_READ = frozenset({"content", "taskType", "outputDimensionality", "model"})


class EmbedContent(WholeReply):
    """One content, one vector."""

    wire = _ONE
    operation = EmbeddingRequest.operation
    paths = paths_of("embedContent")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        model = model_of(target)

        def read(_: bytes, fields: Fields) -> EmbeddingRequest:
            text, settings, unknown = _read_input(camel(fields), "")
            return _request([text], settings, unknown, model, WireBody(_ONE, fields))

        return parse_inputs(body, _ONE, model, read)

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"embedding": {"values": embeddings.vectors[0]}} | _usage(embeddings))


class BatchEmbedContents(WholeReply):
    """Several contents at once. ``google-genai`` uses it for a single content, too."""

    wire = _BATCH
    operation = EmbeddingRequest.operation
    paths = paths_of("batchEmbedContents")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        model = model_of(target)
        return parse_inputs(body, _BATCH, model, partial(self._read, model))

    def _read(self, model: str, body: bytes, fields: Fields) -> EmbeddingRequest:
        requests = take(camel(fields), "requests", _REQUESTS, "")
        inputs = [
            _read_input(object_of(raw, f"requests[{number}]"), f"requests[{number}].")
            for number, raw in enumerate(requests)
        ]
        _, settings, unknown = inputs[0]
        if any((item.settings, item.unknown) != (settings, unknown) for item in inputs):
            unknown = {"requests": fields["requests"]}  # the core has one group of settings for all inputs
        return _request([item.text for item in inputs], settings, unknown, model, WireBody(_BATCH, fields))

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode(
            {"embeddings": [{"values": vector} for vector in embeddings.vectors]} | _usage(embeddings)
        )


class _Input(NamedTuple):
    """``unknown`` are fields that the core doesn't have, and the content when it holds more than text."""

    text: str
    settings: _Settings
    unknown: Fields


def _read_input(fields: Fields, where: str) -> _Input:
    if "content" not in fields:
        raise invalid(f"{where}content", "it is required")
    content = decode(_CONTENT, fields["content"], f"{where}content")
    settings, _ = typed(_SETTINGS, Raw(msgspec.json.encode(fields)), where.removesuffix("."))
    unknown = {name: value for name, value in fields.items() if name not in _READ}
    parts = [camel(part) for part in (content.parts if isinstance(content.parts, list) else [content.parts])]
    if not parts:
        raise invalid(f"{where}content.parts", "it must not be empty")
    if any("text" not in part for part in parts):
        unknown["content"] = fields["content"]
    texts = [decode(STRING, part["text"], f"{where}content.parts") for part in parts if "text" in part]
    return _Input("\n".join(texts), settings, unknown)


def _request(texts: list[str], settings: _Settings, unknown: Fields, model: str, raw: WireBody) -> EmbeddingRequest:
    return EmbeddingRequest(
        model=model,
        inputs=tuple(texts),
        dimensions=settings.output_dimensionality,
        purpose=settings.task_type,
        extensions={NAMESPACE: unknown} if unknown else None,
        raw=raw,
    )


def _usage(embeddings: Embeddings) -> dict[str, Any]:
    if embeddings.usage is None:
        return {}
    return {"usageMetadata": {"promptTokenCount": embeddings.usage.input, "totalTokenCount": embeddings.usage.total}}
