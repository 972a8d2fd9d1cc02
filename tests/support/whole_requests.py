"""Reads a client's request to its end, as translating it does."""

from __future__ import annotations

from typing import Any, TypeVar

from turnout.core import Request, whole
from turnout.dialects import HERE, Endpoint, Target

RequestT = TypeVar("RequestT", bound=Request)


def read_whole(endpoint: Endpoint[RequestT, Any], body: bytes, target: Target = HERE) -> RequestT:
    """Raises ``InvalidRequest`` for whatever can't be read."""
    request: Any = whole(endpoint.parse(body, target))
    read: RequestT = request
    return read
