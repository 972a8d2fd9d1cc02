"""Reads a token in the compact form of RFC 7515: three parts in base64 for URLs, with dots between them.

It is stricter than most readers. What two readers could read in two ways (a claim that is there twice, padding,
a number that JSON doesn't have) is refused.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

from .rules import TokenRefused

_BEGINNING: Final = b"eyJ"  # base64 of {"
_PART: Final = re.compile(rb"[A-Za-z0-9_-]+\Z")
_JWE_PARTS: Final = 5  # https://www.rfc-editor.org/rfc/rfc7516#section-3


class Token(NamedTuple):
    """``signature`` is that of ``signed``. Nothing is checked yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def is_token(secret: bytes) -> bool:
    """Whether ``secret`` looks like a token and unlike an API key. Nothing is decoded for it."""
    return secret.startswith(_BEGINNING) and b"." in secret


def read_token(token: bytes) -> Token:
    """Raises ``TokenRefused``."""
    parts = token.split(b".", _JWE_PARTS)
    if len(parts) == _JWE_PARTS:
        raise TokenRefused("is encrypted (JWE). Send a signed token")
    if len(parts) != 3:
        raise TokenRefused("has not the three parts of a signed token")
    header, claims, signature = parts
    if not signature:
        raise TokenRefused("has no signature")
    return Token(_object(header, "header"), _object(claims, "claims"), header + b"." + claims, _bytes(signature))


def _object(part: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part).decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # of json, of UTF-8, or of a number with too many digits
        raise TokenRefused(f"has a part that can't be read as JSON: its {name}") from None
    if not isinstance(value, dict):
        raise TokenRefused(f"has a part that is no JSON object: its {name}")
    return value


def _bytes(part: bytes) -> bytes:
    if not _PART.match(part):
        raise TokenRefused("has a part that is not base64 for URLs")
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise TokenRefused("has a part that is not base64 for URLs") from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenRefused("says something twice, so two readers could read it in two ways")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
