"""Finds the API key of a request, in memory. Only the SHA-256 digests of keys are kept."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Protocol

from turnout.core import Key
from turnout.errors import Forbidden, Unauthenticated

ANONYMOUS = Key(id="", digest=b"")
"""The key of a request without a key, where none is required."""


class Names(Protocol):
    def same_as(self, name: str) -> str | None:
        """The other name of the same model, as ``llama3`` and ``llama3:latest`` are one model."""
        ...


def authenticate(secrets: Sequence[bytes], keys: Mapping[bytes, Key], *, required: bool) -> Key:
    """The key of the first known one of ``secrets``. Without one, ``ANONYMOUS`` if no key is required.

    Raises ``Unauthenticated``. The look-up takes a digest, so its duration reveals nothing about any key.
    """
    for secret in secrets:
        digest = sha256(secret).digest()
        key = keys.get(digest)
        if key is not None and hmac.compare_digest(key.digest, digest):
            return key
    if not required:
        return ANONYMOUS
    if not secrets:
        raise Unauthenticated("No API key was sent. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.")
    raise Unauthenticated("The API key is not known here. Keys are listed under 'keys' in the configuration file.")


def may_use(key: Key, model: str, names: Names) -> bool:
    if not key.allowance.models or _matches(key, model):
        return True
    other = names.same_as(model)
    return other is not None and _matches(key, other)


def _matches(key: Key, model: str) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in key.allowance.models)


def require_model(key: Key, model: str, names: Names) -> None:
    """Raises ``Forbidden`` when ``key`` may not use ``model``."""
    if not may_use(key, model, names):
        raise Forbidden(f"This API key may not use the model '{model}'.", param="model")
