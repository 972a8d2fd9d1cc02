"""Access to a vendor: its addresses and its credentials."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

from turnout.core import Deployment, WireRequest
from turnout.core.paths import segment

Address = Callable[[Deployment, str], str]
"""The URL for requests to a deployment: ``(deployment, "chat/completions")`` → URL."""


def v1_address(deployment: Deployment, path: str) -> str:
    """``base_url``, with ``/v1`` added when it is only a host and a port."""
    return _v1_address(deployment.base_url, path)


@lru_cache(4096)
def _v1_address(base_url: str, path: str) -> str:
    base = base_url.rstrip("/")
    return f"{base}/{path}" if urlsplit(base).path else f"{base}/v1/{path}"


def azure_address(deployment: Deployment, path: str) -> str:
    """Azure's v1 paths, or the paths of a dated ``api-version``, which have the deployment in them but no Responses.

    https://learn.microsoft.com/azure/ai-foundry/openai/reference and …/openai/api-version-lifecycle
    """
    base = deployment.base_url.rstrip("/").removesuffix("/openai/v1").removesuffix("/openai")
    version = "v1" if path == "responses" else deployment.api_version
    if not version or not version[:1].isdigit():
        query = f"?api-version={quote(version, safe='')}" if version and version != "v1" else ""
        return f"{base}/openai/v1/{path}{query}"
    if path == "models":
        return f"{base}/openai/models?api-version={quote(version, safe='')}"
    return f"{base}/openai/deployments/{segment(deployment.model)}/{path}?api-version={quote(version, safe='')}"


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def api_key_header(key: str) -> dict[str, str]:
    return {"api-key": key}


class Access(msgspec.Struct, frozen=True):
    """The access that all operations of one vendor share. ``vendor`` is its name, for errors."""

    vendor: str
    address: Address = v1_address
    credentials: Callable[[str], dict[str, str]] = bearer

    def request(
        self, deployment: Deployment, path: str, body: bytes, media_type: str = "application/json"
    ) -> WireRequest:
        return WireRequest(self.address(deployment, path), self._headers(deployment, media_type), body)

    def get_request(self, deployment: Deployment, path: str) -> WireRequest:
        """A GET."""
        return WireRequest(self.address(deployment, path), self._headers(deployment, "application/json"), b"", "GET")

    def _headers(self, deployment: Deployment, media_type: str) -> dict[str, str]:
        headers = {"content-type": media_type, **deployment.headers}
        if deployment.api_key:
            headers |= self.credentials(deployment.api_key.reveal())
        return headers
