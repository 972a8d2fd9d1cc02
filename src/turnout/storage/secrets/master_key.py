"""The key that encrypts the others: made from ``TURNOUT_SECRET_KEY``, or kept in a file."""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Final

from turnout.errors import ConfigError

SECRET_KEY_VARIABLE: Final = "TURNOUT_SECRET_KEY"  # noqa: S105  # the name of a variable
OLD_SECRET_KEY_VARIABLE: Final = "TURNOUT_SECRET_KEY_OLD"  # noqa: S105
KEY_BYTES: Final = 32
SHORTEST_PASSPHRASE: Final = 16
"""Characters."""

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}\Z")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{43}=?\Z")
_SALT: Final = b"turnout secrets 1"
"""All hosts make the same key of a passphrase, so there is one salt for all. Guessing costs 0.1 s and 32 MB a try."""

_COST: Final = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}


@dataclass(frozen=True, slots=True)
class MasterKey:
    """``id`` tells keys apart, and reveals nothing of the key."""

    id: str
    key: bytes = field(repr=False)


def master_key(text: str) -> MasterKey:
    """32 bytes in hexadecimal or base64 are taken as they are, another text is a passphrase."""
    key = _plain_key(text) or hashlib.scrypt(text.encode(), salt=_SALT, dklen=KEY_BYTES, **_COST)
    return MasterKey(hashlib.sha256(b"turnout key id\0" + key).hexdigest()[:8], key)


def refuse_weak(variable: str, text: str) -> None:
    """Raises ``ConfigError``."""
    if len(text) < SHORTEST_PASSPHRASE:
        raise ConfigError(
            f"environment variable {variable}: expected 32 bytes in base64 or hexadecimal (`openssl rand -base64 32` "
            f"makes a good one), or a passphrase of at least {SHORTEST_PASSPHRASE} characters"
        )


def _plain_key(text: str) -> bytes | None:
    if _HEX.match(text):
        return bytes.fromhex(text)
    if not _BASE64.match(text):
        return None
    try:
        key = b64decode(text.rstrip("=").translate({45: 43, 95: 47}) + "=", validate=True)
    except binascii.Error:
        return None
    return key if len(key) == KEY_BYTES else None
