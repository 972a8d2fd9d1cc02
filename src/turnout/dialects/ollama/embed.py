"""``POST /api/embed`` (https://docs.ollama.com/api/embed), and ``/api/embeddings``, its older form for one text."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.dialects.whole_reply import WholeReply

from . import ollama_bodies as wire
from .asked import NAMESPACE, leftover

_EMBED = msgspec.json.Decoder(wire.Embed)
_EMBEDDINGS = msgspec.json.Decoder(wire.Embeddings)
_EMBED_KNOWN = frozenset(wire.Embed.__struct_fields__)
_EMBEDDINGS_KNOWN = frozenset(wire.Embeddings.__struct_fields__)


class Embed(WholeReply):
    wire = "ollama-embed"
    paths: tuple[str, ...] = ("/api/embed",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        said = decode(_EMBED, body)
        fields = decode_fields(body)
        more = leftover(fields, _EMBED_KNOWN, said.options)
        return EmbeddingRequest(
            model=said.model,
            inputs=(said.input,) if isinstance(said.input, str) else tuple(said.input),
            dimensions=said.dimensions,
            extensions={NAMESPACE: more} if more else None,
            raw=WireBody(self.wire, fields),
        )

    def body(self, request: EmbeddingRequest, given: Embeddings, context: ReplyContext) -> bytes:
        fields: dict[str, Any] = {"model": given.model or context.model, "embeddings": given.vectors}
        if context.received is not None:
            fields["total_duration"] = round((time.perf_counter() - context.received) * 1e9)
        if given.usage:
            fields["prompt_eval_count"] = given.usage.input
        return msgspec.json.encode(fields)


class EmbedOne(Embed):
    """No count, no durations: a vector."""

    wire = "ollama-embeddings"
    paths = ("/api/embeddings",)

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        said = decode(_EMBEDDINGS, body)
        fields = decode_fields(body)
        more = leftover(fields, _EMBEDDINGS_KNOWN, said.options)
        return EmbeddingRequest(
            model=said.model,
            inputs=(said.prompt,),
            extensions={NAMESPACE: more} if more else None,
            raw=WireBody(self.wire, fields),
        )

    def body(self, request: EmbeddingRequest, given: Embeddings, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"embedding": given.vectors[0]})
