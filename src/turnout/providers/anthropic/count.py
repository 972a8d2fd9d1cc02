"""Counts a request's tokens (https://platform.claude.com/docs/en/api/messages-count-tokens). It costs nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import NO_CHANGES, Change, CountRequest, Deployment, Failure, WireRequest
from turnout.providers.counts import CountOperation

from . import anthropic_wire as wire
from .access import address
from .build import translated_body
from .foreign_state import own_messages
from .read import failure_of
from .relayed_thinking import NO_LIMITS, adapt_thinking
from .version import HEADER, LATEST_WITH_SAMPLING, sent_headers

_FIELDS = msgspec.json.Decoder(wire.Fields)
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
"""The fields of a message request that the count takes. It refuses all others."""


class _Reply(msgspec.Struct):
    input_tokens: int | None = None
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)


class CountTokens(CountOperation):
    wire = "anthropic-count"
    vendor = "Anthropic"

    def build(self, request: CountRequest, deployment: Deployment) -> WireRequest:
        raw, client_headers = request.raw, {}
        changes: tuple[Change, ...] = NO_CHANGES
        if raw is not None and raw.wire == self.wire:
            body: dict[str, Any] = raw.fields | {"model": deployment.model}
            if "messages" in body:
                body["messages"] = own_messages(body["messages"])
            changes = tuple(adapt_thinking(body, request.chat, deployment, NO_LIMITS))
            client_headers = raw.headers
        else:
            translated = translated_body(request.chat, deployment)
            changes, message_fields = translated.changes, _FIELDS.decode(translated.data)
            body = {name: message_fields[name] for name in _COUNTED if name in message_fields}
        version = deployment.api_version or client_headers.get(HEADER, LATEST_WITH_SAMPLING)
        fields = sent_headers(client_headers, version, deployment)
        encoded = msgspec.json.encode(body)
        return WireRequest(address(deployment, "/v1/messages/count_tokens"), fields, encoded, changes=changes)

    def read_count(self, body: bytes) -> int | Failure | None:
        reply = _REPLY.decode(body)
        return reply.input_tokens if reply.error is None else failure_of(reply.error)
