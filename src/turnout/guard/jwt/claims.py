"""From the claims of a token whose signature is right to the key that it stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from turnout.core import Key

from .rules import TokenRefused, TokenRules

_LONGEST_NAME: Final = 256
"""Characters. A database index holds names, and takes no longer values."""

_LONGEST_SUBJECT: Final = 200
_ABSENT: Final = object()


def key_of(claims: Mapping[str, Any], rules: TokenRules, now: float) -> Key:
    """The key of the token's holder; it expires with the token. ``now`` is a Unix time. Raises ``TokenRefused``."""
    expires = _check_times(claims, rules.leeway, now)
    _check_issuer(claims, rules.issuer)
    _check_audience(claims, rules.audience)
    names = rules.claims
    user = _name(claims, names.user)
    if not user:
        raise TokenRefused(f"names nobody: it has no claim '{names.user}'")
    roles = _roles(claims, names.roles)
    return Key(
        id=_id(_name(claims, "iss"), _name(claims, "sub") or user),
        digest=b"",
        user=user,
        team=_name(claims, names.team),
        tier=_name(claims, names.tier),
        expires=expires,
        admin="admin" in roles,
        auditor="auditor" in roles,
    )


def _check_times(claims: Mapping[str, Any], leeway: int, now: float) -> int:
    """The time, in Unix seconds, from which on the token is refused."""
    expires, begins = _time(claims, "exp"), _time(claims, "nbf")
    if expires is None:
        raise TokenRefused("never expires: it has no claim 'exp'")
    end = math.ceil(expires + leeway)
    if now >= end:
        raise TokenRefused("has expired (its claim 'exp')")
    if begins is not None and now + leeway < begins:
        raise TokenRefused("is not valid yet (its claim 'nbf')")
    return end


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name, _ABSENT)
    if value is _ABSENT:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        raise TokenRefused(f"has a claim '{name}' that is no time in Unix seconds")
    return value


def _check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    if issuer and claims.get("iss") != issuer:
        raise TokenRefused("is not from the issuer that is trusted here (its claim 'iss')")


def _check_audience(claims: Mapping[str, Any], audience: str) -> None:
    """A token that names an audience is refused where none is configured, as RFC 7519, 4.1.3, demands."""
    named = claims.get("aud", _ABSENT)
    if named is _ABSENT:
        if audience:
            raise TokenRefused("is for nobody in particular: it has no claim 'aud'")
        return
    listed = named if isinstance(named, list) else [named]
    if not audience:
        raise TokenRefused("is made for an audience (its claim 'aud'), and 'auth.jwt.audience' names none")
    if not all(isinstance(name, str) for name in listed):
        raise TokenRefused("has a claim 'aud' that is neither a text nor a list of texts")
    if audience not in listed:
        raise TokenRefused("is made for another audience (its claim 'aud')")


def _name(claims: Mapping[str, Any], name: str) -> str:
    """The text of the claim; empty when the token doesn't have it."""
    value = _claim(claims, name)
    if value is _ABSENT or value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_NAME:
        raise TokenRefused(f"has a claim '{name}' that is no text of at most {_LONGEST_NAME} printable characters")
    return value


def _roles(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """A list, or one text with blanks between the roles. Roles of other services are no mistake."""
    value = _claim(claims, name)
    if value is _ABSENT or value is None:
        return frozenset()
    listed = value.split(" ") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(role, str) for role in listed):
        raise TokenRefused(f"has a claim '{name}' that is neither a text nor a list of texts")
    return frozenset(listed)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim's own name comes first: some have dots in it (``https://example.com/roles``)."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        if not isinstance(value, dict) or step not in value:
            return _ABSENT
        value = value[step]
    return value


def _id(issuer: str, subject: str) -> str:
    """``jwt:5c0f1a2b:alice``. The middle is made of the issuer: the same name at another one is somebody else."""
    scope = sha256(issuer.encode()).hexdigest()[:8] if issuer else ""
    if len(subject) > _LONGEST_SUBJECT:
        subject = sha256(subject.encode()).hexdigest()
    return f"jwt:{scope}:{subject}"
