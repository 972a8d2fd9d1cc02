"""The provider ``anthropic``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from turnout.core import (
    ChatRequest,
    CountRequest,
    Defaults,
    Deployment,
    ImageLimits,
    Request,
    Support,
    WireRequest,
)
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.error_words import words_in
from turnout.providers.http import refusal_of

from .access import ADDRESS, address
from .anthropic_wire import FORM, NAMESPACE, WIRE
from .build import relayed_body, translated_body
from .count import CountTokens
from .decode import BodyDecoder, StreamDecoder
from .relay import BodyRelay, StreamRelay
from .version import LATEST_WITH_SAMPLING, api_version, relayed_headers, sent_headers

_MODELS_PATH = "/v1/models?limit=1000"

_IMAGES = ImageLimits(long_edge=1568, bytes=5 * 1024 * 1024 * 3 // 4, number=100, many=20, many_edge=2000)
"""Anthropic scales larger images down itself. Its limit of 5 MB is for base64. ``facts/`` has higher limits of models.

https://platform.claude.com/docs/en/build-with-claude/vision"""


class Anthropic:
    name = "anthropic"
    wire = WIRE
    profile = Profile(
        title="Anthropic",
        base_url=ADDRESS,
        url_variables=("ANTHROPIC_BASE_URL",),
        key_variables=("ANTHROPIC_API_KEY",),
        key_prefix="sk-ant-",
        defaults=Defaults(max_tokens=1024, temperature=1.0),
        first_token=60,
        images=_IMAGES,
        price_source="anthropic",
        aliases=("claude",),
        docs="https://platform.claude.com/docs/en/api/messages",
    )
    support = Support(
        signs_thoughts=True,
        namespace=NAMESPACE,
        knobs=frozenset({"temperature", "top_p", "top_k"}),
        ignores=frozenset({"metadata", "name", "detail"}),
        user_length=256,
        files=True,
        web_search=frozenset({"allowed_domains", "blocked_domains", "max_uses", "location", "tool_choice"}),
        # https://platform.claude.com/docs/en/build-with-claude/pdf-support
        file_url_types=frozenset({"application/pdf"}),
        service_tiers=True,
        answers_by_call=True,
        closed_schemas=True,
    )

    def operation(self, request: Request) -> Operation[Any]:
        match request:
            case ChatRequest():
                return self
            case CountRequest():
                return CountTokens()
        raise no_operation(self.name, request)

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == WIRE:
            body = relayed_body(raw.fields, request, deployment)
        else:
            body = translated_body(request, deployment)
        fields = sent_headers(relayed_headers(request), api_version(request, deployment), deployment)
        return WireRequest(address(deployment, "/v1/messages"), fields, body.data, changes=body.changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder() if request.stream else BodyDecoder()

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        words = words_in(body, FORM, status)
        return refusal_of(status, headers, words, deployment, key_prefix=self.profile.key_prefix)

    def list_models(self, deployment: Deployment) -> WireRequest:
        fields = sent_headers({}, deployment.api_version or LATEST_WITH_SAMPLING, deployment)
        return WireRequest(address(deployment, _MODELS_PATH), fields, b"", "GET")

    def read_models(self, body: bytes) -> list[str]:
        return [model.id for model in _MODELS.decode(body).data]


class _ModelRow(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_ModelRow]


_MODELS = msgspec.json.Decoder(_ModelList)
