"""What a token has to be like, as it is configured."""

from __future__ import annotations

from dataclasses import dataclass

from turnout.core import Secret


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Which claim says what. A name with dots, such as ``realm_access.roles``, also leads into objects."""

    user: str = "sub"
    team: str = "team"
    tier: str = "tier"
    roles: str = "roles"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """``secret`` is for HS256, HS384 and HS512. Without one, the keys of a ``KeyRing`` check RS256 and ES256.

    ``algorithms`` are all that are taken: a token's header chooses among them, and never another one. ``issuer`` and
    ``audience`` are compared with ``iss`` and ``aud``; an empty ``issuer`` takes any, an empty ``audience`` only tokens
    without one. ``leeway`` is in seconds.
    """

    algorithms: frozenset[str]
    secret: Secret | None = None
    issuer: str = ""
    audience: str = ""
    leeway: int = 30
    claims: ClaimNames = ClaimNames()


class TokenRefused(Exception):  # never leaves this package
    """The token doesn't say who asks. The message says why, and quotes nothing but the names of claims."""


class TokenUncheckable(TokenRefused):
    """The key that would check the token isn't there now. Another try may help."""
