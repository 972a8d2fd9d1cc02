"""Counts the tokens of an input (https://platform.openai.com/docs/api-reference/responses/input-tokens)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import CountRequest, Deployment, Failure, WireRequest
from turnout.providers import no_operation
from turnout.providers.counts import CountOperation
from turnout.providers.openai.access import Access
from turnout.providers.openai.chat.decode import failure_of


class _Reply(msgspec.Struct):
    input_tokens: int | None = None
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)


class InputTokensWire(CountOperation):
    """It is only relayed: Turnout itself counts the requests of other wires."""

    wire = "openai-count"
    vendor = "OpenAI"

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: CountRequest, deployment: Deployment) -> WireRequest:
        if request.raw is None or request.raw.wire != self.wire:
            raise no_operation(deployment.provider, request)
        body = msgspec.json.encode({**request.raw.fields, "model": deployment.model})
        return self._access.request(deployment, "responses/input_tokens", body)

    def read_count(self, body: bytes) -> int | Failure | None:
        reply = _REPLY.decode(body)
        return reply.input_tokens if reply.error is None else failure_of(reply.error)
