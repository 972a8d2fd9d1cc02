"""API keys, resolved from memory. Only their SHA-256 digests are kept."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import sha256

from turnout.core import Key
from turnout.errors import Forbidden, Unauthenticated

ANONYMOUS = Key(id="", digest=b"")
"""Who asks without a key where none is required."""


def authenticate(secret: bytes | None, keys: Mapping[bytes, Key], *, required: bool) -> Key:
    """The key that ``secret`` is; ``ANONYMOUS`` for none or an unknown one where no key is required.

    What is looked up is a digest, so how long it takes tells nothing of any key. Raises ``Unauthenticated``.
    """
    if secret is not None:
        digest = sha256(secret).digest()
        key = keys.get(digest)
        if key is not None and hmac.compare_digest(key.digest, digest):
            return key
    if not required:
        return ANONYMOUS
    if secret is None:
        raise Unauthenticated("No API key was sent. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.")
    raise Unauthenticated("The API key is not known here. Keys are listed under 'keys' in the configuration file.")


def may_use(key: Key, model: str) -> bool:
    return not key.models or any(fnmatchcase(model, pattern) for pattern in key.models)


def require_model(key: Key, model: str) -> None:
    """Raises ``Forbidden`` when ``key`` may not use ``model``."""
    if not may_use(key, model):
        raise Forbidden(f"This API key may not use the model '{model}'.", param="model")
