"""Which version of the API is spoken, and what follows from it
(https://platform.claude.com/docs/en/api/versioning).
"""

from __future__ import annotations

from turnout.core import ChatRequest, Deployment, Parameter

from .anthropic_wire import WIRE

HEADER = "anthropic-version"
LATEST_WITH_SAMPLING = "2023-06-01"
"""The last one that takes ``temperature``, ``top_p`` and ``top_k``; it takes everything else of the newer one too."""

_WITHOUT_SAMPLING = "2026-10-21"
_SAMPLING: frozenset[Parameter] = frozenset({"temperature", "top_p", "top_k"})
_NOTHING: frozenset[Parameter] = frozenset()


def relayed_headers(request: ChatRequest) -> dict[str, str]:
    """What a client on this wire said in its headers: which version it speaks, and which beta features it wants."""
    raw = request.raw
    return raw.headers if raw is not None and raw.wire == WIRE else {}


def api_version(request: ChatRequest, deployment: Deployment) -> str:
    """The deployment's, if it is pinned there; else the client's, whose request was written for it."""
    return deployment.api_version or relayed_headers(request).get(HEADER, LATEST_WITH_SAMPLING)


def refused_by_version(request: ChatRequest, deployment: Deployment) -> frozenset[Parameter]:
    """The parameters that the version refuses, even with their default values."""
    return _NOTHING if api_version(request, deployment) < _WITHOUT_SAMPLING else _SAMPLING
