"""The tokens (JWT) that are taken in place of API keys, as the configuration says it now."""

from __future__ import annotations

import asyncio
from typing import Final

from turnout.config import JwtSettings, algorithms_of
from turnout.core import Network, WireRequest
from turnout.gateway import Gateway
from turnout.guard import ClaimNames, KeyRing, TokenRules, Tokens

LOOK_SECONDS: Final = 1.0
_READ_SECONDS: Final = 10.0
"""The longest that the issuer's list of keys may take."""


class BearerTokens:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._settings: JwtSettings | None = None
        self._tokens: Tokens | None = None

    def current(self) -> Tokens | None:
        """None where no tokens are taken. Another object after each change of ``auth.jwt``."""
        settings = self._gateway.settings.auth.jwt
        if settings is not self._settings:  # each reading of the files makes an object
            if settings != self._settings:
                self._tokens = None if settings is None else Tokens(_rules(settings), self._ring(settings))
            self._settings = settings
        return self._tokens

    def _ring(self, settings: JwtSettings) -> KeyRing | None:
        """The present one, if it has the keys of the same list: a change of other settings forgets none."""
        before = self._settings
        if self._tokens is None or before is None or _list_of(before) != _list_of(settings):
            return None
        return self._tokens.ring

    async def run(self) -> None:
        """Keeps the issuer's keys up to date, and follows the configuration, until cancelled."""
        while True:
            tokens, settings = self.current(), self._settings
            if tokens is None or settings is None or settings.jwks_url is None:
                await self._until_others(tokens)
                continue
            reading = asyncio.get_running_loop().create_task(tokens.run(_List(self._gateway, settings).read))
            try:
                await self._until_others(tokens)
            finally:
                reading.cancel()
                await asyncio.wait([reading])

    async def _until_others(self, tokens: Tokens | None) -> None:
        while self.current() is tokens:  # noqa: ASYNC110  # nobody tells of a change of the files
            await asyncio.sleep(LOOK_SECONDS)


class _List:
    """The issuer's list of keys, read through the gateway's transport."""

    def __init__(self, gateway: Gateway, settings: JwtSettings) -> None:
        self._gateway = gateway
        self._request = WireRequest(
            settings.jwks_url or "",
            {"accept": "application/jwk-set+json, application/json"},
            b"",
            method="GET",
            network=_network(settings),
        )

    async def read(self) -> tuple[int, bytes]:
        status, _, body = await self._gateway.fetch(self._request, _READ_SECONDS)
        return status, body


def _list_of(settings: JwtSettings) -> tuple[str | None, tuple[str, ...]]:
    return settings.jwks_url, algorithms_of(settings)


def _network(settings: JwtSettings) -> Network | None:
    """None: by the environment's proxy, with the system's authorities."""
    if settings.proxy is None and settings.ca is None:
        return None
    return Network(proxy=settings.proxy, ca=settings.ca or "")


def _rules(settings: JwtSettings) -> TokenRules:
    claims: dict[str, str] = {name: getattr(settings.claims, name) for name in settings.claims.__struct_fields__}
    return TokenRules(
        algorithms=frozenset(algorithms_of(settings)),
        secret=settings.secret or None,
        issuer=settings.issuer or "",
        audience=settings.audience or "",
        leeway=settings.leeway,
        claims=ClaimNames(**claims),
    )
