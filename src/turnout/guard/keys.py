"""Finds the API key of a request, in memory. Only the SHA-256 digests of keys are kept."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from turnout.core import Key
from turnout.errors import Unauthenticated

ANONYMOUS = Key(id="", digest=b"")
"""The key of a request without a key, where none is required."""


def authenticate(
    secrets: Sequence[bytes], keys: Mapping[bytes, Key], *, required: bool, clock: Callable[[], float] = time.time
) -> Key:
    """The key of the first known one of ``secrets``. Without one, ``ANONYMOUS`` if no key is required.

    Raises ``Unauthenticated``, also for a key that has expired by the ``clock`` (Unix seconds). The look-up takes a
    digest, so its duration reveals nothing about any key.
    """
    for secret in secrets:
        digest = sha256(secret).digest()
        key = keys.get(digest)
        if key is not None and hmac.compare_digest(key.digest, digest):
            if key.expires is not None:
                _refuse_expired(key.expires, clock())
            return key
    if not required:
        return ANONYMOUS
    if not secrets:
        raise Unauthenticated("No API key was sent. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.")
    raise Unauthenticated("The API key is not known here. Keys are listed under 'keys' in the configuration file.")


def _refuse_expired(expires: int, now: float) -> None:
    if now >= expires:
        end = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        raise Unauthenticated(f"This API key has expired: it was good until {end}. Ask for a new one.")
