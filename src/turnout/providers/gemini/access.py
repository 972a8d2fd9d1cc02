"""How Google is reached: its addresses and its key. The key is in a header, never in the address."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from turnout.core import Deployment, WireRequest

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"


def resource(deployment: Deployment) -> str:
    """The model's resource name: ``models/NAME``, or another kind's (``tunedModels/NAME``) as it was given."""
    return deployment.model if "/" in deployment.model else f"models/{deployment.model}"


def asking(deployment: Deployment, method: str, body: bytes) -> WireRequest:
    """A request to ``method`` of the deployment's model."""
    return WireRequest(f"{_base(deployment)}/{quote(resource(deployment))}:{method}", _headers(deployment), body)


def listing(deployment: Deployment, path: str) -> WireRequest:
    return WireRequest(f"{_base(deployment)}/{path}", _headers(deployment), b"", "GET")


def _base(deployment: Deployment) -> str:
    """Google's own SDK takes the address without its version."""
    base = (deployment.base_url or BASE_URL).rstrip("/")
    return base if urlsplit(base).path else f"{base}/v1beta"


def _headers(deployment: Deployment) -> dict[str, str]:
    headers = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        headers["x-goog-api-key"] = deployment.api_key.reveal()
    return headers
