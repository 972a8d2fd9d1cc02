"""The provider: one wire, and what its vendors differ in as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from turnout.core import ChatRequest, Deployment, Request, Support, WireRequest, refuse_unsupported
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.http import refused, retry_after

from .chat import wire
from .chat.build import NAMESPACE, relayed_body, translated_body
from .chat.decode import BodyDecoder, StreamDecoder
from .chat.relay import BodyRelay, StreamRelay

WIRE = "openai-chat"
OPENAI_KNOBS = frozenset(
    {"temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"}
)

Address = Callable[[Deployment, str], str]
"""Where a deployment takes requests: ``(deployment, "chat/completions")`` → URL."""


def v1_address(deployment: Deployment, path: str) -> str:
    """``base_url`` as given, with ``/v1`` when it is only a host and a port."""
    return _v1_address(deployment.base_url, path)


@lru_cache(4096)
def _v1_address(base_url: str, path: str) -> str:
    base = base_url.rstrip("/")
    return f"{base}/{path}" if urlsplit(base).path else f"{base}/v1/{path}"


def azure_address(deployment: Deployment, path: str) -> str:
    """Azure's v1 paths, or those of a dated ``api-version`` with the deployment in them.

    https://learn.microsoft.com/azure/ai-foundry/openai/reference and …/openai/api-version-lifecycle
    """
    base = deployment.base_url.rstrip("/").removesuffix("/openai/v1").removesuffix("/openai")
    version = deployment.api_version
    if not version or not version[:1].isdigit():
        query = f"?api-version={quote(version)}" if version and version != "v1" else ""
        return f"{base}/openai/v1/{path}{query}"
    if path == "models":
        return f"{base}/openai/models?api-version={quote(version)}"
    return f"{base}/openai/deployments/{quote(deployment.model, safe='')}/{path}?api-version={quote(version)}"


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def api_key_header(key: str) -> dict[str, str]:
    return {"api-key": key}


class OpenAIWire:
    """A vendor on OpenAI's wire."""

    wire = WIRE

    def __init__(
        self,
        name: str,
        profile: Profile,
        *,
        address: Address = v1_address,
        credentials: Callable[[str], dict[str, str]] = bearer,
        knobs: frozenset[str] = OPENAI_KNOBS,
    ) -> None:
        self.name = name
        self.profile = profile
        self.support = Support(namespace=NAMESPACE, knobs=knobs, audio=True, files=True, choices=True)
        self._address = address
        self._credentials = credentials

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
        return WireRequest(self._address(deployment, "chat/completions"), self._headers(deployment), body)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder(request) if request.stream else BodyDecoder(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay(request.stream_usage) if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        message, code = _error_of(body)
        return refused(
            status,
            message,
            deployment,
            wait=retry_after(headers),
            native_code=code,
            key_prefix=self.profile.key_prefix,
        )

    def list_models(self, deployment: Deployment) -> WireRequest:
        return WireRequest(self._address(deployment, "models"), self._headers(deployment), b"", "GET")

    def read_models(self, body: bytes) -> list[str]:
        return [model.id for model in _MODELS.decode(body).data]

    def _headers(self, deployment: Deployment) -> dict[str, str]:
        headers = {"content-type": "application/json", **deployment.headers}
        if deployment.api_key:
            headers |= self._credentials(deployment.api_key.reveal())
        return headers


class _ModelRow(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_ModelRow]


class _ErrorBody(msgspec.Struct):
    """OpenAI's ``error`` object; vLLM's older servers put message and code at the top, FastAPI's put ``detail``."""

    error: wire.ErrorFields | str | None = None
    message: str | None = None
    detail: msgspec.Raw = msgspec.Raw()
    code: str | int | None = None


_MODELS = msgspec.json.Decoder(_ModelList)
_ERROR = msgspec.json.Decoder(_ErrorBody)


def _error_of(body: bytes) -> tuple[str, str | None]:
    """The provider's words and code in an error reply, whatever its form."""
    try:
        fields = _ERROR.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[:500].decode("utf-8", "replace").strip() or "(no message)", None
    if isinstance(fields.error, str):
        return fields.error, None
    if fields.error is not None:
        code = fields.error.code if fields.error.code is not None else fields.error.type
        return fields.error.message or "(no message)", None if code is None else str(code)
    text = fields.message or bytes(fields.detail).decode("utf-8", "replace") or "(no message)"
    return text, None if fields.code is None else str(fields.code)
