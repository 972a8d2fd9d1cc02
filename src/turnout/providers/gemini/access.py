"""Requests to Google: its addresses and its key. The key goes into a header, never into the address."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from turnout.core import NO_CHANGES, Change, Deployment, WireRequest
from turnout.core.paths import segment
from turnout.providers.addresses import Base, base_of

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"

_REQUEST: Final = re.compile(r"(/(models|tunedModels)/[^/]+:[a-zA-Z]+|/openai(/chat/completions)?)\Z")
"""The last ones are of Google's compatible API (https://ai.google.dev/gemini-api/docs/openai)."""

_PARENT_COLLECTIONS: Final = frozenset({"projects", "locations", "publishers"})
_MODEL_COLLECTIONS: Final = frozenset({"models", "tunedModels", "endpoints"})


def resource(deployment: Deployment) -> str:
    """The model's resource name, as it stands in a body."""
    return "/".join(_resource(deployment.model))


def post(deployment: Deployment, method: str, body: bytes, changes: tuple[Change, ...] = NO_CHANGES) -> WireRequest:
    """A request to ``method`` of the deployment's model. Raises ``Unsupported`` for a name that no path can hold."""
    url = _base(deployment).at(f"/{_path(deployment.model)}:{method}")
    return WireRequest(url, _headers(deployment), body, changes=changes)


def get(deployment: Deployment, path: str) -> WireRequest:
    return WireRequest(_base(deployment).at(f"/{path}"), _headers(deployment), b"", "GET")


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


def _base(deployment: Deployment) -> Base:
    return _versioned_base(deployment.base_url or BASE_URL)


@lru_cache(4096)
def _versioned_base(base_url: str) -> Base:
    """The address with its version: Google's own SDK takes it without."""
    base = base_of(base_url, _REQUEST)
    return base if base.path else base._replace(path="/v1beta")


def _headers(deployment: Deployment) -> dict[str, str]:
    headers = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        headers["x-goog-api-key"] = deployment.api_key.reveal()
    return headers
