"""Counts a request's tokens (https://ai.google.dev/api/tokens), with its tools and its system instruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import CountRequest, Deployment, Failure, WireRequest, parameters_of
from turnout.providers.counts import CountOperation
from turnout.providers.raw_fields import object_in

from .access import post, resource
from .build import translated_body
from .decode import failure_of

_encode = msgspec.json.encode
_CHAT_REQUEST = ("generateContentRequest", "generate_content_request")
"""The field that holds a whole request, in both spellings that Google reads."""


class _Reply(msgspec.Struct, rename="camel"):
    total_tokens: int | None = None
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)


class CountTokens(CountOperation):
    wire = "gemini-count"
    vendor = "Gemini"

    def build(self, request: CountRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == self.wire:
            body: Mapping[str, Any] = _with_model(raw.fields, deployment)
        else:
            chat_fields = object_in(
                {"request": Raw(translated_body(parameters_of(request.chat, deployment), deployment)[0])}, "request"
            )
            body = {_CHAT_REQUEST[0]: {"model": resource(deployment), **chat_fields}}
        return post(deployment, "countTokens", _encode(body))

    def read_count(self, body: bytes) -> int | Failure | None:
        reply = _REPLY.decode(body)
        return reply.total_tokens if reply.error is None else failure_of(reply.error)


def _with_model(fields: Mapping[str, Raw], deployment: Deployment) -> Mapping[str, Any]:
    """The client's own fields, with the deployment's model in the request that is counted."""
    chat_requests = {
        name: object_in(fields, name) | {"model": resource(deployment)} for name in _CHAT_REQUEST if name in fields
    }
    return {**fields, **chat_requests}
