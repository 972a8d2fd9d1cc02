"""How Google is reached: its addresses and its key. The key is in a header, never in the address."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from turnout.core import Deployment, WireRequest
from turnout.core.paths import segment

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"

_PLACES: Final = frozenset({"projects", "locations", "publishers"})
_KINDS: Final = frozenset({"models", "tunedModels", "endpoints"})


def resource(deployment: Deployment) -> str:
    """The model's resource name, as a body says it."""
    return "/".join(_resource(deployment.model))


def asking(deployment: Deployment, method: str, body: bytes) -> WireRequest:
    """A request to ``method`` of the deployment's model. Raises ``Unsupported`` for a name that no path can hold."""
    return WireRequest(f"{_base(deployment)}/{_path(deployment.model)}:{method}", _headers(deployment), body)


def listing(deployment: Deployment, path: str) -> WireRequest:
    return WireRequest(f"{_base(deployment)}/{path}", _headers(deployment), b"", "GET")


@lru_cache(4096)
def _path(model: str) -> str:
    return "/".join(map(segment, _resource(model)))


@lru_cache(4096)
def _resource(model: str) -> tuple[str, ...]:
    """``models/NAME``, or what already is the name of such a resource: ``tunedModels/NAME``, or Vertex AI's
    ``projects/P/locations/L/publishers/google/models/NAME``. Any other slash is a part of the name.
    """
    parts = tuple(model.split("/"))
    collections, names = parts[0::2], parts[1::2]
    if len(collections) == len(names) and collections[-1] in _KINDS and _PLACES.issuperset(collections[:-1]):
        return parts
    return ("models", model)


def _base(deployment: Deployment) -> str:
    """Google's own SDK takes the address without its version."""
    base = (deployment.base_url or BASE_URL).rstrip("/")
    return base if urlsplit(base).path else f"{base}/v1beta"


def _headers(deployment: Deployment) -> dict[str, str]:
    headers = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        headers["x-goog-api-key"] = deployment.api_key.reveal()
    return headers
