"""How many tokens a request has (https://ai.google.dev/api/tokens). Google counts with its tools and instruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import CountRequest, Deployment, Product, Relayed, StreamEvent, TokenCount, WireRequest
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.raw_fields import object_in

from . import wire
from .access import asking, resource
from .build import translated_body
from .decode import failure_of

_encode = msgspec.json.encode
_WHOLE = ("generateContentRequest", "generate_content_request")


class _Reply(msgspec.Struct, rename="camel"):
    total_tokens: int | None = None
    error: wire.Error | None = None


_REPLY = msgspec.json.Decoder(_Reply)


class CountTokens:
    wire = "gemini-count"

    def build(self, request: CountRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == self.wire:
            body: Mapping[str, Any] = _renamed(raw.fields, deployment)
        else:
            whole = object_in({"request": Raw(translated_body(request.chat, deployment))}, "request")
            body = {_WHOLE[0]: {"model": resource(deployment), **whole}}
        return asking(deployment, "countTokens", _encode(body))

    def decoder(self, request: CountRequest) -> Decoder:
        return _CountDecoder()

    def relay(self, request: CountRequest) -> Decoder:
        return _CountRelay()


def _renamed(fields: Mapping[str, Raw], deployment: Deployment) -> Mapping[str, Any]:
    """The client's own fields, with the model that is asked."""
    whole = {name: object_in(fields, name) | {"model": resource(deployment)} for name in _WHOLE if name in fields}
    return {**fields, **whole}


class _CountDecoder(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        return [Product(TokenCount(tokens=reply.total_tokens or 0, source="reported"))]


class _CountRelay(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(data)
        return [failure_of(reply.error)] if reply.error is not None else [Relayed(data)]


def _read(data: bytes) -> _Reply:
    try:
        reply = _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamBroken(f"Gemini sent what isn't a count ({error}): {data[:200]!r}") from error
    if reply.total_tokens is None and reply.error is None:
        raise UpstreamBroken(f"Gemini's reply has no count: {data[:200]!r}")
    return reply
