"""Authentication and authorization. A request's head alone decides, before a byte of its body is read."""

from __future__ import annotations

from enum import Enum

import msgspec
from fastapi import Request

from turnout.config import is_loopback
from turnout.core import Key
from turnout.errors import Forbidden, ForeignPage, KeyExpired, RequestError, TokenUncheckable, Unauthenticated
from turnout.gateway import Gateway
from turnout.guard import ANONYMOUS, authenticate, may_administer, require_admin, require_auditor

from .bearer_tokens import BearerTokens
from .pages import Pages
from .refusals import Refusals
from .request import Head, Scope


class Need(Enum):
    """The key that a route needs. ``KEY``: any valid key, or no key on a server that needs none. An admin's key is an
    auditor's, too.
    """

    NOTHING = "nothing"
    KEY = "a key"
    AUDITOR = "an auditor's key"
    ADMIN = "an admin's key"


class Caller(msgspec.Struct, frozen=True):
    """The sender of a request. ``key`` is None for a sender who can only use routes that need nothing.

    An ``auditor`` may read everybody's records, an ``admin`` may also change what is served. Every admin is an auditor.
    """

    key: Key | None
    admin: bool = False
    auditor: bool = False


WITHOUT_KEY = Caller(None)

_PROXY_HEADERS = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
"""Headers that proxies add."""


class Access:
    """Admits or refuses requests of both planes. It records each refusal."""

    def __init__(self, gateway: Gateway, pages: Pages, tokens: BearerTokens) -> None:
        self._gateway = gateway
        self._tokens = tokens
        self._pages = pages
        self._on_loopback = is_loopback(gateway.settings.server.host)
        self._refusals = Refusals(gateway.metrics)

    def key_of(self, scope: Scope, head: Head) -> Key:
        """Raises ``Unauthenticated``, ``TokenUncheckable``, ``ForeignPage``."""
        try:
            return self._key(head)
        except RequestError as error:
            self._refusals.record(scope, _reason(error, head), error)
            raise

    def admit(self, scope: Scope, head: Head, need: Need) -> Caller:
        """Raises ``Unauthenticated`` or ``Forbidden`` unless the request has the key that the route needs."""
        try:
            return self._caller(scope, head, need)
        except RequestError as error:
            if need is Need.NOTHING:
                return WITHOUT_KEY
            self._refusals.record(scope, _reason(error, head), error)
            raise

    def _key(self, head: Head) -> Key:
        snapshot = self._gateway.snapshot
        tokens = self._tokens.current()
        key = authenticate(head.secrets, snapshot.keys, required=snapshot.auth_required, tokens=tokens)
        if key is ANONYMOUS:
            self._pages.check(head.host, head.origin)
        return key

    def _caller(self, scope: Scope, head: Head, need: Need) -> Caller:
        key, snapshot = self._key(head), self._gateway.snapshot
        has_admin_key, required = snapshot.has_admin_key, snapshot.auth_required
        local = self._is_local(scope, head)
        if need is Need.ADMIN:
            require_admin(key, has_admin_key=has_admin_key, required=required, local=local)
        elif need is Need.AUDITOR:
            require_auditor(key, has_admin_key=has_admin_key, required=required, local=local)
        admin = may_administer(key, has_admin_key=has_admin_key, required=required, local=local)
        return Caller(key, admin, admin or key.auditor)

    def _is_local(self, scope: Scope, head: Head) -> bool:
        """Whether a client on this machine asked this machine, and no proxy on it forwarded the request."""
        client = scope.get("client")
        return (
            self._on_loopback
            and client is not None
            and is_loopback(client[0])
            and self._pages.is_own(head.host, head.origin)
            and not any(name in _PROXY_HEADERS for name, _ in scope["headers"])
        )


def _reason(error: RequestError, head: Head) -> str:
    if isinstance(error, TokenUncheckable):
        return "uncheckable_token"
    if isinstance(error, KeyExpired):
        return "expired_key"
    if isinstance(error, Unauthenticated):
        return "unknown_key" if head.secrets else "no_key"
    return "foreign_page" if isinstance(error, ForeignPage) else "no_admin"


def caller_of(request: Request) -> Caller:
    """The sender of the request. For routes of the control plane."""
    caller: Caller = request.state.caller
    return caller


def key_of(request: Request) -> Key:
    """The sender's key. Raises ``Forbidden`` in a route that is declared to need nothing."""
    key = caller_of(request).key
    if key is None:
        raise Forbidden("This needs an API key.")
    return key
