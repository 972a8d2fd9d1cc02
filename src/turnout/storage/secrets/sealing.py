"""The form of an encrypted secret: ``enc:1:KEYID:DATA``.

DATA is base64 for URLs: 12 random bytes, then the text encrypted by AES-256-GCM. What it belongs to is authenticated
with it, so a secret that is moved to another row can't be opened there.
"""

from __future__ import annotations

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from .master_key import MasterKey

_PREFIX: Final = "enc:"
_VERSION: Final = "enc:1:"
_NONCE_BYTES: Final = 12


def is_sealed(text: str) -> bool:
    """Whether it is encrypted, in this version's form or in a later one's."""
    return text.startswith(_PREFIX)


def seal(text: str, place: str, key: MasterKey) -> str:
    """``place`` says what the text belongs to."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    data = nonce + AESGCM(key.key).encrypt(nonce, text.encode(), place.encode())
    return f"{_VERSION}{key.id}:{urlsafe_b64encode(data).decode()}"


def key_id_of(sealed: str) -> str | None:
    """The id of the key that opens it. None for a form that this version doesn't know."""
    parts = sealed.removeprefix(_VERSION).split(":")
    return parts[0] if sealed.startswith(_VERSION) and len(parts) == 2 else None


def unseal(sealed: str, place: str, key: MasterKey) -> str | None:
    """None when it was changed, or belongs elsewhere."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        data = urlsafe_b64decode(sealed.rpartition(":")[2])
        return AESGCM(key.key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None
