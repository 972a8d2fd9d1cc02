"""Whatever a client or an issuer sends, it is refused with words. Nothing of it becomes a defect."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.signing import AUDIENCE, ISSUER, SECRET, Issuer, claimed, part, signed_text
from turnout.core import Key, Secret
from turnout.guard import ClaimNames, TokenRules, Tokens
from turnout.guard.jwt import Refusal
from turnout.guard.jwt.key_list import read_key_list

RULES = TokenRules(
    frozenset({"HS256"}),
    secret=Secret(SECRET),
    issuer=ISSUER,
    audience=AUDIENCE,
    claims=ClaimNames(team="org.team", roles="realm.roles"),
)
ISSUERS = Issuer()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
NAMES = st.sampled_from(["exp", "nbf", "iss", "aud", "sub", "tier", "org", "team", "realm", "roles", "org.team"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
HEADERS = st.dictionaries(st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "jku"]), VALUES, max_size=4)
ROWS = [
    RSAAlgorithm.to_jwk(ISSUERS.rsa.public_key(), as_dict=True) | {"kid": "r1"},
    ECAlgorithm.to_jwk(ISSUERS.ec.public_key(), as_dict=True) | {"kid": "e1"},
]


def asked(token: bytes) -> Key | Refusal:
    return Tokens(RULES).key_of(token, sha256(token).digest())


@given(st.binary(max_size=200) | st.lists(st.binary(max_size=40).map(part), max_size=6).map(b".".join))
def test_any_bytes(token: bytes) -> None:
    assert isinstance(asked(token), Refusal)
    assert isinstance(asked(b"eyJ" + token), Refusal)


@given(st.dictionaries(NAMES, VALUES, max_size=6), HEADERS)
def test_any_claims_and_headers_under_a_right_signature(claims: dict[str, Any], header: dict[str, Any]) -> None:
    """Who gets in is named as the database can keep it."""
    text = json.dumps(claimed() | claims).encode()
    found = asked(signed_text(text, json.dumps({"alg": "HS256"} | header).encode()).encode())
    if isinstance(found, Key):
        assert all(name.isprintable() and len(name) <= 256 for name in (found.id, found.user, found.team, found.tier))
        assert found.user
        assert found.expires is not None
        assert not found.admin or "admin" in str(claims)


@settings(max_examples=50)
@given(
    st.sampled_from(ROWS),
    st.dictionaries(st.sampled_from(["kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops"]), VALUES),
)
def test_any_list_of_keys(row: dict[str, Any], changes: dict[str, Any]) -> None:
    """A wrong row hides no good one."""
    body = json.dumps({"keys": [row | changes, *({**good, "kid": f"good-{good['kid']}"} for good in ROWS)]}).encode()
    assert {("RS256", "good-r1"), ("ES256", "good-e1")} <= set(read_key_list(body, {"RS256", "ES256"}))
