"""Who asks, for the control plane."""

from __future__ import annotations

from fastapi import Request

from turnout.core import Key
from turnout.gateway import Gateway
from turnout.guard import authenticate

from .request import read_head


def key_of(request: Request, gateway: Gateway) -> Key:
    """Raises ``Unauthenticated``."""
    snapshot = gateway.snapshot
    head = read_head(request.scope)
    return authenticate(head.secret, snapshot.keys, required=snapshot.auth_required)
