"""The version of the API that a request uses, and the parameters that it refuses
(https://platform.claude.com/docs/en/api/versioning).
"""

from __future__ import annotations

from collections.abc import Mapping

from turnout.core import ChatRequest, Deployment, Parameter
from turnout.core.header_lists import joined

from .access import headers
from .anthropic_wire import WIRE

HEADER = "anthropic-version"
_BETA = "anthropic-beta"
"""A list of features (https://platform.claude.com/docs/en/api/beta-headers)."""

LATEST_WITH_SAMPLING = "2023-06-01"
"""The last version that takes ``temperature``, ``top_p`` and ``top_k``. It also takes all else of the newer one."""

_WITHOUT_SAMPLING = "2026-10-21"
_SAMPLING: frozenset[Parameter] = frozenset({"temperature", "top_p", "top_k"})
_NOTHING: frozenset[Parameter] = frozenset()


def relayed_headers(request: ChatRequest) -> dict[str, str]:
    """The headers of a client on this wire: its version, and the beta features that it uses."""
    raw = request.raw
    return raw.headers if raw is not None and raw.wire == WIRE else {}


def api_version(request: ChatRequest, deployment: Deployment) -> str:
    """The deployment's version if it has one, else that of the client, which wrote its request for it."""
    return deployment.api_version or relayed_headers(request).get(HEADER, LATEST_WITH_SAMPLING)


def sent_headers(client: Mapping[str, str], version: str, deployment: Deployment) -> dict[str, str]:
    """The headers of a request. The features that the client uses and those of the deployment are one list."""
    fields = {**client, HEADER: version, **headers(deployment)}
    if _BETA in client and _BETA in deployment.headers:
        fields[_BETA] = joined(client[_BETA], deployment.headers[_BETA])
    return fields


def refused_by_version(request: ChatRequest, deployment: Deployment) -> frozenset[Parameter]:
    """The parameters that the version refuses, even with their default values."""
    return _NOTHING if api_version(request, deployment) < _WITHOUT_SAMPLING else _SAMPLING
