"""``POST /api/embed`` (https://docs.ollama.com/api/embed), and ``/api/embeddings``, its older form for one text."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.lazy import Fields, parse_inputs
from turnout.dialects.parsing import check_encoding, decode
from turnout.dialects.whole_reply import WholeReply

from . import ollama_bodies as wire
from .chat_request import NAMESPACE, unknown_fields_and_options

_EMBED = msgspec.json.Decoder(wire.Embed)
_EMBEDDINGS = msgspec.json.Decoder(wire.Embeddings)
_KNOWN_EMBED = frozenset(wire.Embed.__struct_fields__)
_KNOWN_EMBEDDINGS = frozenset(wire.Embeddings.__struct_fields__)


class Embed(WholeReply):
    wire = "ollama-embed"
    operation = EmbeddingRequest.operation
    paths: tuple[str, ...] = ("/api/embed",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        return parse_inputs(body, self.wire, None, self._read)

    def _read(self, body: bytes, fields: Fields) -> EmbeddingRequest:
        typed = decode(_EMBED, body)
        unknown = unknown_fields_and_options(fields, _KNOWN_EMBED, typed.options)
        return EmbeddingRequest(
            model=typed.model,
            inputs=(typed.input,) if isinstance(typed.input, str) else tuple(typed.input),
            dimensions=typed.dimensions or None,
            extensions={NAMESPACE: unknown} if unknown else None,
            raw=WireBody(self.wire, fields),
        )

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        fields: dict[str, Any] = {"model": embeddings.model or context.model, "embeddings": embeddings.vectors}
        if context.received is not None:
            fields["total_duration"] = round((time.perf_counter() - context.received) * 1e9)
        if embeddings.usage:
            fields["prompt_eval_count"] = embeddings.usage.input
        return msgspec.json.encode(fields)


class EmbedOne(Embed):
    """Its reply holds one vector, and no counts or durations."""

    wire = "ollama-embeddings"
    paths = ("/api/embeddings",)

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        return parse_inputs(body, self.wire, None, self._read)

    def _read(self, body: bytes, fields: Fields) -> EmbeddingRequest:
        typed = decode(_EMBEDDINGS, body)
        unknown = unknown_fields_and_options(fields, _KNOWN_EMBEDDINGS, typed.options)
        return EmbeddingRequest(
            model=typed.model,
            inputs=(typed.prompt,),
            extensions={NAMESPACE: unknown} if unknown else None,
            raw=WireBody(self.wire, fields),
        )

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"embedding": embeddings.vectors[0]})
