"""Secrets of keys: ``tk-``, 8 characters by which people know the key, and 32 random bytes in base 62."""

from __future__ import annotations

import secrets
import string
from hashlib import sha256
from typing import Final, NamedTuple

from turnout.core import Secret

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_BYTES: Final = 32
_SECRET_LENGTH: Final = 43  # digits of 32 bytes
_PREFIX_LENGTH: Final = 8
START: Final = "tk-"


class NewSecret(NamedTuple):
    """``digest`` is the SHA-256 of the secret in hex. ``prefix`` and ``last_four`` may be shown, the secret once."""

    secret: Secret
    digest: str
    prefix: str
    last_four: str


def new_secret() -> NewSecret:
    prefix = START + _base62(secrets.token_bytes(_PREFIX_LENGTH), _PREFIX_LENGTH)
    text = prefix + _base62(secrets.token_bytes(_SECRET_BYTES), _SECRET_LENGTH)
    return NewSecret(Secret(text), sha256(text.encode()).hexdigest(), prefix, text[-4:])


def new_id() -> str:
    return "key_" + _base62(secrets.token_bytes(12), 16)


def _base62(data: bytes, length: int) -> str:
    """The number in ``data`` with its last ``length`` digits, zeros in front where it has fewer."""
    number, digits = int.from_bytes(data, "big"), []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
