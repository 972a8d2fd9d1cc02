"""An operation whose request is JSON: the client's own fields, or a body made from the core's request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import msgspec

from turnout.core import Deployment, EmbeddingRequest, ImageRequest, SpeechRequest, WireBody, WireRequest

from .access import Access
from .chat.build import NAMESPACE

JsonRequest = TypeVar("JsonRequest", EmbeddingRequest, ImageRequest, SpeechRequest)


class JsonOperation(ABC, Generic[JsonRequest]):
    """``path`` follows the vendor's address."""

    wire: str
    path: str

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: JsonRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if isinstance(raw, WireBody) and raw.wire == self.wire:
            body: dict[str, Any] = {**raw.fields, "model": deployment.model}
        else:
            body = self._translated_fields(request, deployment) | (request.extensions or {}).get(NAMESPACE, {})
        return self._access.request(deployment, self.path, msgspec.json.encode(body))

    @abstractmethod
    def _translated_fields(self, request: JsonRequest, deployment: Deployment) -> dict[str, Any]:
        """The fields of the body, without those that the client did not set."""
