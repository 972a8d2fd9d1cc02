"""A request to an upstream as plain data. Providers build it; the transport sends it."""

from __future__ import annotations

import msgspec


class WireRequest(msgspec.Struct, frozen=True):
    """``url`` is absolute. ``headers`` may hold credentials: never log them."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
