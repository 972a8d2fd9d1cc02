"""How a server on this wire is told to go on with the assistant's message at the end."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec import structs

from turnout.core import Deployment

_DEEPSEEK = "api.deepseek.com"
_BETA = "https://api.deepseek.com/beta"
"""Only there it goes on: https://api-docs.deepseek.com/guides/chat_prefix_completion"""


def mark_prefill(body: dict[str, Any], deployment: Deployment) -> None:
    """Says in ``body`` that the answer begins with the last message."""
    match deployment.traits.continues:
        case "continue_final_message":
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        case "prefix" | "partial" as mark:
            body["messages"][-1][mark] = True


def where_it_continues(deployment: Deployment) -> Deployment:
    """The deployment at the address that goes on with an answer."""
    if urlsplit(deployment.base_url).hostname != _DEEPSEEK:
        return deployment
    return structs.replace(deployment, base_url=_BETA)
