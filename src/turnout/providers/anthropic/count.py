"""How many tokens a request has (https://platform.claude.com/docs/en/api/messages-count-tokens). It costs nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import (
    CountRequest,
    Deployment,
    Failure,
    Support,
    WireRequest,
    refuse_unsupported,
)
from turnout.providers import Decoder
from turnout.providers.counts import CountReader

from . import anthropic_wire as wire
from .access import address, headers
from .build import translated_body
from .read import failure_of
from .version import HEADER, LATEST_WITH_SAMPLING

_FIELDS = msgspec.json.Decoder(wire.Fields)
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
"""What is counted; it refuses everything else that a message is asked with."""


class _Reply(msgspec.Struct):
    input_tokens: int | None = None
    error: wire.ErrorFields | None = None


_REPLY = msgspec.json.Decoder(_Reply)


class CountTokens:
    wire = "anthropic-count"

    def __init__(self, provider: str, support: Support) -> None:
        self._provider = provider
        self._support = support

    def build(self, request: CountRequest, deployment: Deployment) -> WireRequest:
        raw, said = request.raw, {}
        if raw is not None and raw.wire == self.wire:
            body: dict[str, Any] = raw.fields | {"model": deployment.model}
            said = raw.headers
        else:
            refuse_unsupported(request.chat, self._support, self._provider)
            whole = _FIELDS.decode(translated_body(request.chat, deployment))
            body = {name: whole[name] for name in _COUNTED if name in whole}
        version = deployment.api_version or said.get(HEADER, LATEST_WITH_SAMPLING)
        opening = said | {HEADER: version} | headers(deployment)
        return WireRequest(address(deployment, "/v1/messages/count_tokens"), opening, msgspec.json.encode(body))

    def decoder(self, request: CountRequest) -> Decoder:
        return CountReader(_read, "Anthropic", relayed=False)

    def relay(self, request: CountRequest) -> Decoder:
        return CountReader(_read, "Anthropic", relayed=True)


def _read(data: bytes) -> int | Failure | None:
    reply = _REPLY.decode(data)
    return reply.input_tokens if reply.error is None else failure_of(reply.error)
