"""Checks tokens, and remembers those that were right until they expire."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from turnout.core import Key

from .claims import key_of
from .key_ring import KeyRing, ReadList
from .reading import Token, read_token
from .rules import TokenRefused, TokenRules, TokenUncheckable

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm

MOST_REMEMBERED: Final = 10_000

_OF_SECRETS: Final = frozenset({"HS256", "HS384", "HS512"})
_LONGEST_KID: Final = 256
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a token doesn't say who asks. ``uncheckable``: nobody can tell at the moment."""

    message: str
    uncheckable: bool = False


@dataclass(frozen=True, slots=True)
class TokenState:
    """For ``/health``. ``keys`` are those of the issuer that are known, ``read`` is when, as a Unix time."""

    ok: bool
    checked_by: str
    keys: int
    read: int | None
    error: str | None


class Tokens:
    """``ring`` has the issuer's keys; None where a secret checks the tokens. One that is handed in keeps its keys.

    ``clock`` gives Unix times.
    """

    def __init__(self, rules: TokenRules, ring: KeyRing | None = None, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._clock = clock
        self._remembered: OrderedDict[bytes, Key] = OrderedDict()
        self.ring = None if rules.secret is not None else ring or KeyRing(rules.algorithms)
        if self.ring is not None:
            self.ring.on_change = self._remembered.clear

    def key_of(self, token: bytes, digest: bytes) -> Key | Refusal:
        """The key that ``token`` stands for, or why there is none. ``digest`` is the token's SHA-256."""
        now = self._clock()
        key = self._remembered.get(digest)
        if key is not None:
            if key.expires is not None and now < key.expires:
                self._remembered.move_to_end(digest)
                return key
            del self._remembered[digest]
        try:
            key = self._checked(token, now)
        except TokenRefused as refused:
            return Refusal(f"The token {refused}.", isinstance(refused, TokenUncheckable))
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        self._remembered[digest] = key
        return key

    def state(self) -> TokenState:
        if self.ring is None:
            return TokenState(ok=True, checked_by="secret", keys=0, read=None, error=None)
        ring = self.ring
        return TokenState(
            ok=ring.problem is None and bool(ring.keys),
            checked_by="jwks",
            keys=len(ring.keys),
            read=ring.read,
            error=ring.problem,
        )

    async def run(self, read_list: ReadList) -> None:
        """Keeps the issuer's keys up to date, until cancelled."""
        if self.ring is not None:
            await self.ring.run(read_list)

    def _checked(self, text: bytes, now: float) -> Key:
        token = read_token(text)
        algorithm = _algorithm(token, self._rules.algorithms)
        if not algorithm_of(algorithm).verify(token.signed, self._signing_key(algorithm, token), token.signature):
            raise TokenRefused("has a wrong signature")
        return key_of(token.claims, self._rules, now)

    def _signing_key(self, algorithm: str, token: Token) -> Any:
        """By the configuration alone. ``jku``, ``jwk``, ``x5u`` and ``x5c`` in a header are what an attacker writes."""
        if self.ring is None:
            if self._rules.secret is None or algorithm not in _OF_SECRETS:
                raise TokenRefused("is signed in another way than the one that is taken here")
            return self._rules.secret.reveal().encode()
        kid = token.header.get("kid")
        if kid is not None and (not isinstance(kid, str) or len(kid) > _LONGEST_KID):
            raise TokenRefused(f"has a 'kid' in its header that is no text of at most {_LONGEST_KID} characters")
        return self.ring.find(algorithm, kid)


def _algorithm(token: Token, taken: frozenset[str]) -> str:
    header = token.header
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in taken:
        raise TokenRefused(f"is not signed with {' or '.join(sorted(taken))}, the only ones that are taken here")
    if "crit" in header or "b64" in header:
        raise TokenRefused("needs an extension that isn't known here ('crit' or 'b64' in its header)")
    type_ = header.get("typ", "JWT")
    if not isinstance(type_, str) or type_.lower() not in _TYPES:
        raise TokenRefused("is of another kind than JWT ('typ' in its header)")
    return algorithm


@cache
def algorithm_of(name: str) -> Algorithm:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()[name]
