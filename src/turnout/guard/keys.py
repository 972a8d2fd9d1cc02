"""Finds the API key of a request, in memory. Only the SHA-256 digests of keys are kept."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from turnout.core import Key
from turnout.errors import LONGEST_SECRET, TokenUncheckable, Unauthenticated

from .jwt import Refusal, Tokens, is_token

ANONYMOUS = Key(id="", digest=b"")
"""The key of a request without a key, where none is required."""

_NO_TOKENS = Refusal(
    "The API key is not known here. It looks like a token (JWT), and 'auth.jwt' in the configuration file says nothing "
    "of who may sign tokens."
)


def authenticate(
    secrets: Sequence[bytes],
    keys: Mapping[bytes, Key],
    *,
    required: bool,
    tokens: Tokens | None = None,
    clock: Callable[[], float] = time.time,
) -> Key:
    """The key of the first known one of ``secrets``. Without one, ``ANONYMOUS`` if no key is required.

    A secret that is no API key may be a token, which ``tokens`` checks. Raises ``Unauthenticated``, also for a key that
    has expired by the ``clock`` (Unix seconds), and ``TokenUncheckable``. The look-up takes a digest, so its duration
    reveals nothing about any key.
    """
    refusal: Refusal | None = None
    for secret in secrets:
        if len(secret) > LONGEST_SECRET:
            refusal = refusal or Refusal(f"A key or token is longer than {LONGEST_SECRET} bytes, the limit here.")
            continue
        digest = sha256(secret).digest()
        key = keys.get(digest)
        if key is not None and hmac.compare_digest(key.digest, digest):
            if key.expires is not None:
                _refuse_expired(key.expires, clock())
            return key
        if is_token(secret):
            found = _NO_TOKENS if tokens is None else tokens.key_of(secret, digest)
            if isinstance(found, Key):
                return found
            refusal = refusal or found
    if not required:
        return ANONYMOUS
    if refusal is not None:
        raise (TokenUncheckable if refusal.uncheckable else Unauthenticated)(refusal.message)
    if not secrets:
        raise Unauthenticated("No API key was sent. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.")
    raise Unauthenticated("The API key is not known here. Keys are listed under 'keys' in the configuration file.")


def _refuse_expired(expires: int, now: float) -> None:
    if now >= expires:
        end = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        raise Unauthenticated(f"This API key has expired: it was good until {end}. Ask for a new one.")
