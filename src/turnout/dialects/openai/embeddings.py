"""Embeddings (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from turnout.core import EmbeddingRequest, Embeddings, WireBody
from turnout.core.vectors import packed
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.lazy import Fields, parse_inputs
from turnout.dialects.parsing import check_encoding, decode
from turnout.dialects.whole_reply import WholeReply
from turnout.errors import InvalidRequest

from .extensions import openai_extensions
from .paths import HEADERS, paths_of, with_model

_Text = Annotated[str, Meta(min_length=1)]
_Tokens = Annotated[list[int], Meta(min_length=1)]


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    input: _Text | Annotated[list[str | int | _Tokens], Meta(min_length=1)]
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


_BODY = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)


class EmbeddingsEndpoint(WholeReply):
    wire = "openai-embeddings"
    operation = EmbeddingRequest.operation
    paths = paths_of("embeddings")
    relayed_headers = HEADERS

    def parse(self, body: bytes, target: Target = HERE) -> EmbeddingRequest:
        check_encoding(body)
        return parse_inputs(with_model(body, target), self.wire, None, self._read)

    def _read(self, body: bytes, fields: Fields) -> EmbeddingRequest:
        typed = decode(_BODY, body)
        return EmbeddingRequest(
            model=typed.model,
            inputs=_inputs(typed.input),
            dimensions=typed.dimensions,
            user=typed.user,
            extensions=openai_extensions(fields, _KNOWN),
            raw=WireBody(self.wire, fields),
        )

    def body(self, request: EmbeddingRequest, embeddings: Embeddings, context: ReplyContext) -> bytes:
        """The vectors in the format of ``encoding_format``. The official SDK requests base64, and decodes it."""
        as_base64 = request.raw is not None and bytes(request.raw.fields.get("encoding_format", b"")) == b'"base64"'
        vectors = map(packed, embeddings.vectors) if as_base64 else embeddings.vectors
        reply: dict[str, Any] = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)
            ],
            "model": embeddings.model or context.model,
        }
        if embeddings.usage:
            reply["usage"] = {"prompt_tokens": embeddings.usage.input, "total_tokens": embeddings.usage.total}
        return msgspec.json.encode(reply)


def _inputs(value: str | list[str | int | list[int]]) -> tuple[str | tuple[int, ...], ...]:
    """A list of numbers is one input, as tokens."""
    if isinstance(value, str):
        return (value,)
    if all(isinstance(item, int) for item in value):
        return (tuple(value),)  # type: ignore[arg-type]  # the line above has checked it
    for number, item in enumerate(value):
        if isinstance(item, int) or type(item) is not type(value[0]):
            field = f"input[{number}]"
            raise InvalidRequest(f"Invalid '{field}': texts, tokens and lists of tokens can't be mixed.", param=field)
    return tuple([item if isinstance(item, str) else tuple(item) for item in value])  # type: ignore[arg-type]  # no int is left
