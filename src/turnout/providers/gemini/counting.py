"""How many tokens a request has (https://ai.google.dev/api/tokens). Google counts with its tools and instruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import CountRequest, Deployment, Failure, WireRequest
from turnout.providers import Decoder
from turnout.providers.counts import CountReader
from turnout.providers.raw_fields import object_in

from . import gemini_wire as wire
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
        return CountReader(_read, "Gemini", relayed=False)

    def relay(self, request: CountRequest) -> Decoder:
        return CountReader(_read, "Gemini", relayed=True)


def _renamed(fields: Mapping[str, Raw], deployment: Deployment) -> Mapping[str, Any]:
    """The client's own fields, with the model that is asked."""
    whole = {name: object_in(fields, name) | {"model": resource(deployment)} for name in _WHOLE if name in fields}
    return {**fields, **whole}


def _read(data: bytes) -> int | Failure | None:
    reply = _REPLY.decode(data)
    return reply.total_tokens if reply.error is None else failure_of(reply.error)
