"""A request to an upstream as plain data. Providers build it; the transport sends it."""

from __future__ import annotations

import msgspec
from msgspec import structs

from .changes import NO_CHANGES, Change
from .network import Network


class WireRequest(msgspec.Struct, frozen=True):
    """``url`` is absolute. ``url`` and ``headers`` may hold credentials: never log them.

    ``changes`` are those that the provider's own rules make, beside those of ``turnout.fitting``.
    """

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    network: Network | None = None
    changes: tuple[Change, ...] = NO_CHANGES

    def through(self, network: Network | None) -> WireRequest:
        """This request, sent as a deployment's ``network`` says."""
        return self if network is None else structs.replace(self, network=network)
