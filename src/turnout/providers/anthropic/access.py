"""Where a deployment is, and what opens it."""

from __future__ import annotations

from turnout.core import Deployment

ADDRESS = "https://api.anthropic.com"


def address(deployment: Deployment, path: str) -> str:
    """People write the address with ``/v1`` and without."""
    return (deployment.base_url or ADDRESS).rstrip("/").removesuffix("/v1") + path


def headers(deployment: Deployment) -> dict[str, str]:
    found = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        found["x-api-key"] = deployment.api_key.reveal()
    return found
