"""Roles of messages."""

from __future__ import annotations

from typing import Final

from msgspec import Raw, structs

from turnout.core import ChatRequest, Message

from .fitting import Fitting

_DEVELOPER: Final = Raw(b'"developer"')
_NAMESPACE: Final = "openai"


def roles_as_known(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """``developer`` is OpenAI's newer word for ``system``. Most other servers on its wire don't know it."""
    if fitting.support.developer or fitting.support.namespace != _NAMESPACE:
        return request
    if not any(map(_is_developers, request.messages)):
        return request
    messages = [structs.replace(m, extensions=None) if _is_developers(m) else m for m in request.messages]
    for number, message in enumerate(request.messages):
        if _is_developers(message):
            fitting.said_otherwise(f"messages[{number}].role", "system")
    return structs.replace(request, messages=tuple(messages))


def _is_developers(message: Message) -> bool:
    return message.role == "system" and (message.extensions or {}).get(_NAMESPACE, {}).get("role") == _DEVELOPER
