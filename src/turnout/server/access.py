"""Who asks, for the control plane."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from turnout import guard
from turnout.catalog.configured import listens_on_loopback
from turnout.core import Key
from turnout.gateway import Gateway
from turnout.guard import authenticate

from .request import read_head


def key_of(request: Request, gateway: Gateway) -> Key:
    """Raises ``Unauthenticated``."""
    snapshot = gateway.snapshot
    head = read_head(request.scope)
    return authenticate(head.secret, snapshot.keys, required=snapshot.auth_required)


def require_admin(request: Request, gateway: Gateway) -> None:
    """Raises ``Unauthenticated`` or ``Forbidden`` unless the request may change what is served."""
    snapshot = gateway.snapshot
    guard.require_admin(
        key_of(request, gateway),
        snapshot.keys.values(),
        required=snapshot.auth_required,
        local=_is_local(request, gateway),
    )


def is_admin(request: Request, gateway: Gateway) -> bool:
    """Raises ``Unauthenticated`` for who may not even read."""
    snapshot = gateway.snapshot
    return guard.may_administer(
        key_of(request, gateway),
        snapshot.keys.values(),
        required=snapshot.auth_required,
        local=_is_local(request, gateway),
    )


def _is_local(request: Request, gateway: Gateway) -> bool:
    """Made on this machine, by somebody who meant this machine.

    A browser here may be made to ask by a page from elsewhere: that is told by ``Origin``; or by a name of a page's own
    that leads to this machine (DNS rebinding): that is told by ``Host``.
    """
    if not listens_on_loopback(gateway.settings.server.host):
        return False
    client, host, origin = request.client, request.headers.get("host", ""), request.headers.get("origin")
    if client is None or not listens_on_loopback(client.host):
        return False
    try:
        meant = urlsplit(f"//{host}").hostname or ""
        elsewhere = origin is not None and urlsplit(origin).netloc != host
    except ValueError:  # no address that any client of ours would send
        return False
    return listens_on_loopback(meant) and not elsewhere
