"""A deployment's address and the headers with its key."""

from __future__ import annotations

import re
from typing import Final

from turnout.core import Deployment
from turnout.providers.addresses import base_of

ADDRESS = "https://api.anthropic.com"

_REQUEST: Final = re.compile(r"(/v1)?(/messages(/count_tokens)?)?\Z")


def address(deployment: Deployment, path: str) -> str:
    """``path`` at the deployment. Its base URL may be written with ``/v1`` or without."""
    return base_of(deployment.base_url or ADDRESS, _REQUEST).at(path)


def headers(deployment: Deployment) -> dict[str, str]:
    fields = {"content-type": "application/json", **deployment.headers}
    if deployment.api_key:
        fields["x-api-key"] = deployment.api_key.reveal()
    return fields
