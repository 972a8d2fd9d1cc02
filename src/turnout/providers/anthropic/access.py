"""A deployment's address and the headers with its key."""

from __future__ import annotations

from turnout.core import Deployment

ADDRESS = "https://api.anthropic.com"


def address(deployment: Deployment, path: str) -> str:
    """``path`` at the deployment. Its base URL may be written with ``/v1`` or without."""
    return (deployment.base_url or ADDRESS).rstrip("/").removesuffix("/v1") + path


def headers(deployment: Deployment) -> dict[str, str]:
    fields = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        fields["x-api-key"] = deployment.api_key.reveal()
    return fields
