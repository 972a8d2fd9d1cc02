"""Who may sign the tokens (JWT) that are taken in place of API keys: ``auth.jwt``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta, structs

from turnout.core import Secret
from turnout.errors import SHORTEST_SECRET, ConfigError

SECRET_VARIABLE: Final = "JWT_SECRET"  # noqa: S105  # the name of a variable
ALGORITHM_VARIABLE: Final = "JWT_ALGORITHM"

SecretAlgorithm = Literal["HS256", "HS384", "HS512"]
ListAlgorithm = Literal["RS256", "ES256"]
TokenAlgorithm = Literal["HS256", "HS384", "HS512", "RS256", "ES256"]
ClaimName = Annotated[str, Meta(min_length=1, max_length=256, description="the name of a claim")]

_OF_SECRETS: Final[tuple[str, ...]] = get_args(SecretAlgorithm)
_OF_LISTS: Final[tuple[str, ...]] = get_args(ListAlgorithm)
_SAFE: Final[Mapping[str, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of a secret: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""

_ASYMMETRIC: Final = ("-----BEGIN", "ssh-", "{")


class ClaimSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which claim says what. Dots lead into objects: ``realm_access.roles``."""

    user: ClaimName = "sub"
    team: ClaimName = "team"
    tier: ClaimName = "tier"
    roles: ClaimName = "roles"


class JwtSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a ``secret`` or the issuer's list of keys (``jwks_url``). ``proxy`` and ``ca`` are for the list.

    ``leeway``: seconds by which clocks may differ.
    """

    issuer: Annotated[str, Meta(min_length=1, max_length=256, description="the issuer, as its claim 'iss' has it")] | (
        None
    ) = None
    audience: Annotated[str, Meta(min_length=1, max_length=256, description="a name as the claim 'aud' has it")] | (
        None
    ) = None
    jwks_url: (
        Annotated[
            str,
            Meta(pattern=r"^https?://[^\s/?#]", description="an address that begins with http:// or https://"),
        ]
        | None
    ) = None
    secret: Secret | None = None
    algorithms: list[TokenAlgorithm] = []
    leeway: Annotated[int, Meta(ge=0, le=300)] = 30
    claims: ClaimSettings = ClaimSettings()
    proxy: Secret | None = None
    ca: Annotated[str, Meta(min_length=1, max_length=4096, description="the path of a file")] | None = None


def algorithms_of(jwt: JwtSettings) -> tuple[str, ...]:
    """The only algorithms that are taken. Without a choice: HS256 with a secret, RS256 and ES256 with a list."""
    return tuple(jwt.algorithms) or (("HS256",) if jwt.secret else _OF_LISTS)


def with_variables(jwt: JwtSettings | None, value: Callable[[str], str | None]) -> JwtSettings | None:
    """The settings with ``JWT_SECRET`` and ``JWT_ALGORITHM``. ``value`` gives a variable's value, None if it isn't set.

    Raises ``ConfigError``, which names the variable.
    """
    changes: dict[str, Any] = {}
    if secret := value(SECRET_VARIABLE):
        jwt, changes["secret"] = jwt or JwtSettings(), Secret(secret)
    if jwt is None:
        return None
    if algorithm := value(ALGORITHM_VARIABLE):
        changes["algorithms"] = [algorithm.upper()]
    changed = structs.replace(jwt, **changes)
    if "algorithms" in changes and (problem := algorithm_problem(changed)):
        raise ConfigError(f"environment variable {ALGORITHM_VARIABLE}: {problem}")
    if "secret" in changes and (problem := secret_problem(changed)):
        raise ConfigError(f"environment variable {SECRET_VARIABLE}: {problem}")
    return changed


def algorithm_problem(jwt: JwtSettings) -> str:
    """What is wrong with the algorithms; empty if nothing is. A secret never checks what a key pair signs."""
    valid = _OF_SECRETS if jwt.secret else _OF_LISTS
    if all(algorithm in valid for algorithm in jwt.algorithms):
        return ""
    return f"expected one of {', '.join(valid)}, as {'a secret' if jwt.secret else 'a list of keys'} checks the tokens"


def secret_problem(jwt: JwtSettings) -> str:
    """What is wrong with the secret; empty if nothing is."""
    if jwt.secret is None:
        return ""
    if jwt.jwks_url is not None:
        return "expected either a secret or 'auth.jwt.jwks_url', not both"
    text = jwt.secret.reveal()
    if text.startswith(_ASYMMETRIC):
        return "expected a secret. This is a key of a pair; give the address of a list of keys in 'auth.jwt.jwks_url'"
    if len(text) < SHORTEST_SECRET:
        return f"expected at least {SHORTEST_SECRET} characters"
    return ""


def secret_advice(jwt: JwtSettings) -> str:
    """What makes the secret a weak one; empty if nothing does. It should be as long as the hash (RFC 7518, 3.2)."""
    safe = max([_SAFE.get(algorithm, 0) for algorithm in algorithms_of(jwt)])
    if jwt.secret is None or len(jwt.secret.reveal().encode()) >= safe:
        return ""
    return (
        f"shorter than {safe} bytes, so it may be guessed from a token, and whoever knows it can sign tokens. "
        f"`openssl rand -hex {safe}` makes a good one"
    )
