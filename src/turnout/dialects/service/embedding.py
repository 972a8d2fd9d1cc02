"""Vectors: ``/api/models/embedding``, ``/v1/llm/generate-embeddings``."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.parsing import decode
from turnout.dialects.whole_reply import WholeReply
from turnout.errors import InvalidRequest

from .cost import cost_fields, total_cost
from .openai_fields import Fields, openai_fields, string_in

_TEXTS = msgspec.json.Decoder(str | list[str])
_DIMENSIONS = msgspec.json.Decoder(int | None)
_NULL = msgspec.Raw(b"null")
_NAMES = ("input", "texts", "text")


class Embedding(WholeReply):
    """``field`` is this API's name for the texts. The other API's name is accepted, too."""

    relayed_headers: frozenset[bytes] = frozenset()
    operation = EmbeddingRequest.operation

    def __init__(self, wire: str, path: str, field: str, *, total_cost_only: bool) -> None:
        self.wire = wire
        self.paths = (path,)
        self._field = field
        self._total_cost_only = total_cost_only

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        fields = openai_fields(body)
        model = string_in(fields, "model")
        if not model:
            raise InvalidRequest("Say which model: 'model' is missing.", param="model")
        return EmbeddingRequest(
            model=model,
            inputs=self._texts(fields),
            dimensions=decode(_DIMENSIONS, bytes(fields.get("dimensions", _NULL))),
            user=string_in(fields, "user"),
            raw=WireBody(self.wire, fields),
        )

    def _texts(self, fields: Fields) -> tuple[str, ...]:
        name = next((name for name in _NAMES if name in fields), None)
        if name is None:
            raise InvalidRequest(f"Say what to embed: '{self._field}' is missing.", param=self._field)
        try:
            texts = _TEXTS.decode(fields[name])
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"Invalid '{name}': expected a text or a list of texts.", param=name) from error
        if not texts:
            raise InvalidRequest(f"'{name}' is empty: there is nothing to embed.", param=name)
        return (texts,) if isinstance(texts, str) else tuple(texts)

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        usage = embeddings.usage
        fields: dict[str, Any] = {
            "model": context.model,
            "provider": context.facts().provider if context.facts else None,
            "embeddings": embeddings.vectors,
            "usage": {"prompt_tokens": usage.input, "total_tokens": usage.total} if usage else None,
            "cost": total_cost(context, usage) if self._total_cost_only else cost_fields(context, usage),
        }
        return msgspec.json.encode(fields)
