"""Requests to Google: its addresses and its key. The key goes into a header, never into the address."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from turnout.core import Deployment, WireRequest
from turnout.core.paths import segment

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"

_PARENT_COLLECTIONS: Final = frozenset({"projects", "locations", "publishers"})
_MODEL_COLLECTIONS: Final = frozenset({"models", "tunedModels", "endpoints"})


def resource(deployment: Deployment) -> str:
    """The model's resource name, as it stands in a body."""
    return "/".join(_resource(deployment.model))


def post(deployment: Deployment, method: str, body: bytes) -> WireRequest:
    """A request to ``method`` of the deployment's model. Raises ``Unsupported`` for a name that no path can hold."""
    return WireRequest(f"{_base(deployment)}/{_path(deployment.model)}:{method}", _headers(deployment), body)


def get(deployment: Deployment, path: str) -> WireRequest:
    return WireRequest(f"{_base(deployment)}/{path}", _headers(deployment), b"", "GET")


@lru_cache(4096)
def _path(model: str) -> str:
    return "/".join(map(segment, _resource(model)))


@lru_cache(4096)
def _resource(model: str) -> tuple[str, ...]:
    """``models/NAME`` for a plain name. A name that already is a resource stays: ``tunedModels/NAME``, or Vertex AI's
    ``projects/P/locations/L/publishers/google/models/NAME``. Any other slash is a part of the model's name.
    """
    parts = tuple(model.split("/"))
    collections, names = parts[0::2], parts[1::2]
    is_resource = len(collections) == len(names) and collections[-1] in _MODEL_COLLECTIONS
    if is_resource and _PARENT_COLLECTIONS.issuperset(collections[:-1]):
        return parts
    return ("models", model)


def _base(deployment: Deployment) -> str:
    """The address with its version: Google's own SDK takes it without."""
    base = (deployment.base_url or BASE_URL).rstrip("/")
    return base if urlsplit(base).path else f"{base}/v1beta"


def _headers(deployment: Deployment) -> dict[str, str]:
    headers = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        headers["x-goog-api-key"] = deployment.api_key.reveal()
    return headers
