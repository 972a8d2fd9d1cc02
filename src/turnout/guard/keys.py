"""Finds the API key of a request, in memory. Only the SHA-256 digests of keys are kept."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from turnout.core import Key
from turnout.errors import LONGEST_SECRET, KeyExpired, RequestError, TokenUncheckable, Unauthenticated

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

    A secret that is no API key may be a token, which ``tokens`` checks. What is refused hides nothing good behind it.
    Raises ``Unauthenticated``, ``TokenUncheckable``, and ``KeyExpired`` by the ``clock`` (Unix seconds), also where no
    key is required. The look-up takes a digest, so its duration reveals nothing about any key.
    """
    expired: int | None = None
    refusal: Refusal | None = None
    for secret in secrets:
        if len(secret) > LONGEST_SECRET:
            refusal = refusal or Refusal(f"A key or token is longer than {LONGEST_SECRET} bytes, the limit here.")
            continue
        digest = sha256(secret).digest()
        key = keys.get(digest)
        if key is not None and hmac.compare_digest(key.digest, digest):
            if key.expires is None or clock() < key.expires:
                return key
            expired = key.expires if expired is None else expired
            continue
        if is_token(secret):
            found = _NO_TOKENS if tokens is None else tokens.key_of(secret, digest)
            if isinstance(found, Key):
                return found
            refusal = refusal or found
    if expired is not None:
        raise KeyExpired(expired)
    if not required:
        return ANONYMOUS
    raise _why_refused(refusal, is_any_sent=bool(secrets))


def _why_refused(refusal: Refusal | None, *, is_any_sent: bool) -> RequestError:
    if refusal is not None:
        return (TokenUncheckable if refusal.uncheckable else Unauthenticated)(refusal.message)
    if not is_any_sent:
        return Unauthenticated("No API key was sent. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.")
    return Unauthenticated(
        "The API key is not known here. Keys are listed under 'keys' in the configuration file, and made by "
        "`turnout keys create`."
    )
