"""Reads an issuer's list of public keys (JWKS, RFC 7517)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

LONGEST_LIST: Final = 1024 * 1024
"""Bytes."""

MOST_KEYS: Final = 100
SHORTEST_RSA: Final = 2048
"""Bits of a modulus: https://www.rfc-editor.org/rfc/rfc7518#section-3.3"""

_KINDS: Final[Mapping[str, tuple[str, str | None]]] = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}
"""By algorithm, the ``kty`` and the ``crv`` of its keys: https://www.rfc-editor.org/rfc/rfc7518#section-3.1"""

_PUBLIC: Final = ("kty", "crv", "n", "e", "x", "y")

PublicKeys = Mapping[tuple[str, str], Any]
"""By algorithm and ``kid``, the public key as ``cryptography`` has it."""


def read_key_list(body: bytes, algorithms: Collection[str]) -> PublicKeys:
    """The keys that check one of the ``algorithms``. Others, also secret ones, are passed over.

    Raises ``ValueError`` for what is no such list, or has no such key. The message says what is wrong.
    """
    if len(body) > LONGEST_LIST:
        raise ValueError(f"the list of keys is longer than {LONGEST_LIST} bytes")
    try:
        listed = json.loads(body)["keys"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise ValueError("the answer is no list of keys (JWKS)") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"the answer is no list of at most {MOST_KEYS} keys (JWKS)")
    keys = {(algorithm, kid): key for row in listed for algorithm, kid, key in _usable(row, algorithms)}
    if not keys:
        raise ValueError(f"the list has no key for {' or '.join(sorted(algorithms))}")
    return keys


def _usable(row: object, algorithms: Collection[str]) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(row, dict) or not _is_for_signatures(row):
        return
    for algorithm in algorithms:
        kind, curve = _KINDS[algorithm]
        if row.get("kty") == kind and row.get("crv") == curve and row.get("alg", algorithm) == algorithm:
            key = _public_key(algorithm, row)
            kid = row.get("kid", "")
            if key is not None and isinstance(kid, str):
                yield algorithm, kid, key


def _is_for_signatures(row: Mapping[str, object]) -> bool:
    operations = row.get("key_ops", ["verify"])
    return row.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _public_key(algorithm: str, row: Mapping[str, object]) -> Any:
    """None for a key that can't be read or is too short. The private part of a key is never looked at."""
    from jwt.algorithms import get_default_algorithms
    from jwt.exceptions import InvalidKeyError

    fields = {name: row[name] for name in _PUBLIC if isinstance(row.get(name), str)}
    try:
        key = get_default_algorithms()[algorithm].from_jwk(fields)
    except (InvalidKeyError, ValueError):
        return None
    return None if algorithm == "RS256" and key.key_size < SHORTEST_RSA else key
