"""Which version of the API is spoken, and what follows from it
(https://platform.claude.com/docs/en/api/versioning).
"""

from __future__ import annotations

from turnout.core import Deployment

_VERSION = "2023-06-01"
"""The last one that takes ``temperature``, ``top_p`` and ``top_k``; it takes everything else of the newer one too."""

_WITHOUT_SAMPLING = "2026-10-21"


def api_version(deployment: Deployment) -> str:
    return deployment.api_version or _VERSION


def takes_sampling(deployment: Deployment) -> bool:
    """May ``temperature``, ``top_p`` and ``top_k`` be sent? Where not, even their default values are refused."""
    return deployment.traits.sampling and api_version(deployment) < _WITHOUT_SAMPLING
