"""The client's name for its own user."""

from __future__ import annotations

from hashlib import sha256

from msgspec import structs

from turnout.core import ChatRequest

from .fitting import Fitting

_HASH_LENGTH = 32  # hexadecimal digits


def users_as_short_as_taken(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """A longer name becomes a hash, the same for the same user. Claude Code, for example, sends 150 characters."""
    most = fitting.support.user_length
    if most is None or request.user is None or len(request.user) <= most:
        return request
    name = sha256(request.user.encode()).hexdigest()[:_HASH_LENGTH]
    fitting.said_otherwise("user", name)
    return structs.replace(request, user=name)
