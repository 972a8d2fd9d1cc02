"""The provider itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from turnout.core import ChatRequest, Defaults, Deployment, Request, Support, WireRequest, refuse_unsupported
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.http import refused, retry_after

from .build import relayed_body, translated_body
from .decode import BodyDecoder, StreamDecoder
from .relay import BodyRelay, StreamRelay
from .version import HEADER, LATEST_WITH_SAMPLING, api_version, relayed_headers
from .wire import NAMESPACE, WIRE, error_of

_MODELS_PATH = "/v1/models?limit=1000"


class Anthropic:
    """``seed`` and the penalties are ignored: they nudge the sampling, and Anthropic has nothing like them."""

    name = "anthropic"
    wire = WIRE
    profile = Profile(
        title="Anthropic",
        base_url="https://api.anthropic.com",
        url_variables=("ANTHROPIC_BASE_URL",),
        key_variables=("ANTHROPIC_API_KEY",),
        key_prefix="sk-ant-",
        defaults=Defaults(max_tokens=1024, temperature=1.0),
        first_token=60,
        price_source="anthropic",
        aliases=("claude",),
        docs="https://platform.claude.com/docs/en/api/messages",
    )
    support = Support(
        namespace=NAMESPACE,
        knobs=frozenset({"temperature", "top_p", "top_k"}),
        ignores=frozenset({"seed", "presence_penalty", "frequency_penalty", "metadata", "name", "detail"}),
        files=True,
    )

    def operation(self, request: Request) -> Operation[Any]:
        if isinstance(request, ChatRequest):
            return self
        raise no_operation(self.name, request)

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == WIRE:
            body = relayed_body(raw.fields, request, deployment)
        else:
            refuse_unsupported(request, self.support, self.name)
            body = translated_body(request, deployment)
        headers = relayed_headers(request) | {HEADER: api_version(request, deployment)} | self._headers(deployment)
        return WireRequest(self._address(deployment, "/v1/messages"), headers, body)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder() if request.stream else BodyDecoder()

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        message, code = error_of(body)
        return refused(
            status,
            message,
            deployment,
            wait=retry_after(headers),
            native_code=code,
            key_prefix=self.profile.key_prefix,
        )

    def list_models(self, deployment: Deployment) -> WireRequest:
        headers = {HEADER: deployment.api_version or LATEST_WITH_SAMPLING} | self._headers(deployment)
        return WireRequest(self._address(deployment, _MODELS_PATH), headers, b"", "GET")

    def read_models(self, body: bytes) -> list[str]:
        return [model.id for model in _MODELS.decode(body).data]

    def _address(self, deployment: Deployment, path: str) -> str:
        """People write the address with ``/v1`` and without."""
        base = deployment.base_url or self.profile.base_url
        return base.rstrip("/").removesuffix("/v1") + path

    def _headers(self, deployment: Deployment) -> dict[str, str]:
        headers = {"content-type": "application/json", **deployment.headers}
        if deployment.api_key:
            headers["x-api-key"] = deployment.api_key.reveal()
        return headers


class _ModelRow(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_ModelRow]


_MODELS = msgspec.json.Decoder(_ModelList)
