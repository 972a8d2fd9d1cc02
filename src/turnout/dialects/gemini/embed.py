"""``embedContent`` and ``batchEmbedContents`` (https://ai.google.dev/api/embeddings)."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Raw

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.dialects.whole_reply import WholeReply

from . import gemini_bodies as wire
from .parse import model_of
from .paths import paths_of
from .reading import STRING, Fields, camel, invalid, object_of, take, typed
from .signature import NAMESPACE

_ONE = "gemini-embed"
_BATCH = "gemini-batch-embed"
_CONTENT = msgspec.json.Decoder(wire.Content)
_REQUESTS = msgspec.json.Decoder(Annotated[list[Raw], Meta(min_length=1)])


class _Settings(msgspec.Struct, rename="camel", frozen=True):
    """What is said beside each content."""

    task_type: str | None = None
    output_dimensionality: wire.Positive | None = None


_SETTINGS = msgspec.json.Decoder(_Settings)
_READ = frozenset({"content", "taskType", "outputDimensionality", "model"})


class EmbedContent(WholeReply):
    """One content, one vector."""

    wire = _ONE
    paths = paths_of("embedContent")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        fields = decode_fields(body)
        text, settings, more = _embedded(camel(fields), "")
        return _request([text], settings, more, model_of(target), WireBody(_ONE, fields))

    def body(self, request: EmbeddingRequest, given: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"embedding": {"values": given.vectors[0]}} | _usage(given))


class BatchEmbedContents(WholeReply):
    """Several at once; this is what ``google-genai`` asks for a single one, too."""

    wire = _BATCH
    paths = paths_of("batchEmbedContents")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        fields = decode_fields(body)
        requests = take(camel(fields), "requests", _REQUESTS, "")
        embedded = [
            _embedded(object_of(raw, f"requests[{number}]"), f"requests[{number}].")
            for number, raw in enumerate(requests)
        ]
        _, settings, more = embedded[0]
        if any((one.settings, one.more) != (settings, more) for one in embedded):
            more = {"requests": fields["requests"]}  # the core has one setting for all of them
        return _request([one.text for one in embedded], settings, more, model_of(target), WireBody(_BATCH, fields))

    def body(self, request: EmbeddingRequest, given: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"embeddings": [{"values": vector} for vector in given.vectors]} | _usage(given))


class _Embedded(NamedTuple):
    """``more`` has no place in the core: also the content, if it isn't only text."""

    text: str
    settings: _Settings
    more: Fields


def _embedded(fields: Fields, where: str) -> _Embedded:
    if "content" not in fields:
        raise invalid(f"{where}content", "it is required")
    content = decode(_CONTENT, fields["content"], f"{where}content")
    settings, _ = typed(_SETTINGS, Raw(msgspec.json.encode(fields)), where.removesuffix("."))
    more = {name: value for name, value in fields.items() if name not in _READ}
    parts = [camel(part) for part in (content.parts if isinstance(content.parts, list) else [content.parts])]
    if not parts:
        raise invalid(f"{where}content.parts", "it must not be empty")
    if any("text" not in part for part in parts):
        more["content"] = fields["content"]
    texts = [decode(STRING, part["text"], f"{where}content.parts") for part in parts if "text" in part]
    return _Embedded("\n".join(texts), settings, more)


def _request(texts: list[str], settings: _Settings, more: Fields, model: str, raw: WireBody) -> EmbeddingRequest:
    return EmbeddingRequest(
        model=model,
        inputs=tuple(texts),
        dimensions=settings.output_dimensionality,
        purpose=settings.task_type,
        extensions={NAMESPACE: more} if more else None,
        raw=raw,
    )


def _usage(given: Embeddings) -> dict[str, Any]:
    if given.usage is None:
        return {}
    return {"usageMetadata": {"promptTokenCount": given.usage.input, "totalTokenCount": given.usage.total}}
