"""A table of attacks on tokens and keys, each with its reply. None gets in, and none is told more than why."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from jwt.algorithms import RSAAlgorithm

from tests.support.signing import AUDIENCE, ISSUER, SECRET, Issuer, claimed, hs256, part, signed, signed_text
from turnout.core import Key, Secret
from turnout.errors import LONGEST_SECRET, RequestError
from turnout.guard import ANONYMOUS, TokenRules, Tokens, authenticate

NOW = 2_000_000_000
LEEWAY = 30
ISSUERS = Issuer()
STRANGER = Issuer()
WRONG_SIGNATURE = "has a wrong signature"
NOT_TAKEN_BY_SECRET = "is not signed with HS256"
NOT_TAKEN_BY_LIST = "is not signed with ES256 or RS256"
TWICE = "says something twice"
UNREADABLE_CLAIMS = "can't be read as JSON: its claims"


def by_secret(**rules: Any) -> Tokens:
    given: dict[str, Any] = {"secret": Secret(SECRET), "issuer": ISSUER, "audience": AUDIENCE, "leeway": LEEWAY} | rules
    return Tokens(TokenRules(frozenset({"HS256"}), **given), clock=lambda: NOW)


async def by_list(**rules: Any) -> Tokens:
    given: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, "leeway": LEEWAY} | rules
    tokens = Tokens(TokenRules(frozenset({"RS256", "ES256"}), **given), clock=lambda: NOW)
    await read(tokens, ISSUERS.key_list())
    return tokens


async def read(tokens: Tokens, body: bytes, status: int = 200) -> None:
    async def read_list() -> tuple[int, bytes]:
        return status, body

    assert tokens.ring is not None
    await tokens.ring.refresh(read_list)


def who(token: str | bytes, tokens: Tokens | None) -> Key:
    secret = token.encode() if isinstance(token, str) else token
    return authenticate([secret], {}, required=True, tokens=tokens)


def refusal(token: str | bytes, tokens: Tokens | None) -> str:
    """``401 why``. A server that needs no key takes its sender for nobody."""
    with pytest.raises(RequestError) as caught:
        who(token, tokens)
    secret = token.encode() if isinstance(token, str) else token
    assert authenticate([secret], {}, required=False, tokens=tokens) is ANONYMOUS
    assert SECRET not in caught.value.message
    return f"{caught.value.status} {caught.value.message}"


def unsigned(algorithm: Any, signature: bytes = b"") -> str:
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    payload = json.dumps(claimed(exp=NOW + 60, roles=["admin"])).encode()
    return b".".join([part(header), part(payload), signature]).decode()


def confused(material: bytes) -> str:
    """Signed with HS256 and the issuer's public key as its secret."""
    text = part(b'{"alg":"HS256","typ":"JWT","kid":"r1"}') + b"." + part(json.dumps(claimed(exp=NOW + 60)).encode())
    return (text + b"." + part(hmac.digest(material, text, "sha256"))).decode()


def altered(token: str, **claims: Any) -> str:
    """With other claims under the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{part(json.dumps(claimed(exp=NOW + 60, **claims)).encode()).decode()}.{signature}"


GOOD = hs256(exp=NOW + 60)
HEADER, CLAIMS, SIGNATURE = GOOD.split(".")
TEXT = json.dumps(claimed(exp=NOW + 60))


def with_text(**texts: str) -> str:
    """A good token, whose claims of these names are exactly these JSON texts."""
    fields = ",".join([f'"{name}":{text}' for name, text in texts.items()])
    rest = json.dumps(claimed(**{"exp": NOW + 60} | dict.fromkeys(texts)))[1:]
    return signed_text(f"{{{fields},{rest}".encode())


ON_A_SECRET = {
    # who signs
    "none": (unsigned("none", part(b"x")), NOT_TAKEN_BY_SECRET),
    "None": (unsigned("None", part(b"x")), NOT_TAKEN_BY_SECRET),
    "nOnE": (unsigned("nOnE", part(b"x")), NOT_TAKEN_BY_SECRET),
    "none-without-a-signature": (unsigned("none"), "has no signature"),
    "no-algorithm": (unsigned(None, part(b"x")), NOT_TAKEN_BY_SECRET),
    "algorithm-of-a-wrong-type": (unsigned(["HS256"], part(b"x")), NOT_TAKEN_BY_SECRET),
    "algorithm-in-small-letters": (unsigned("hs256", part(b"x")), NOT_TAKEN_BY_SECRET),
    "another-hash": (signed(SECRET, "HS512", exp=NOW + 60), NOT_TAKEN_BY_SECRET),
    "a-key-pair-where-a-secret-is-configured": (ISSUERS.rs256(exp=NOW + 60), NOT_TAKEN_BY_SECRET),
    "another-secret": (signed("x" * 40, "HS256", exp=NOW + 60), WRONG_SIGNATURE),
    "signature-stripped": (f"{HEADER}.{CLAIMS}.", "has no signature"),
    "signature-cut": (GOOD[:-4], WRONG_SIGNATURE),
    "signature-of-another-token": (altered(GOOD, sub="eve"), WRONG_SIGNATURE),
    "another-tier-under-the-old-signature": (
        altered(hs256(exp=NOW + 60, tier="basic"), tier="premium"),
        WRONG_SIGNATURE,
    ),
    "admin-under-the-old-signature": (altered(GOOD, roles=["admin"]), WRONG_SIGNATURE),
    # its form
    "two-parts": (f"{HEADER}.{CLAIMS}", "has not the three parts"),
    "four-parts": (f"{GOOD}.x", "has not the three parts"),
    "nested-jwe": (f"{HEADER}.{CLAIMS}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}", "is encrypted (JWE)"),
    "padding": (f"{HEADER}.{CLAIMS}.{SIGNATURE}=", "not base64 for URLs"),
    "standard-base64": (f"{HEADER}.{CLAIMS}.+/+/", "not base64 for URLs"),
    "a-line-break": (f"{HEADER}.{CLAIMS}.{SIGNATURE}\n", "not base64 for URLs"),
    "no-json": (signed_text(b"{"), UNREADABLE_CLAIMS),
    "a-list": (signed_text(b"[]"), "is no JSON object: its claims"),
    "not-utf8": (signed_text(b'{"sub":"\xff"}'), UNREADABLE_CLAIMS),
    "a-thousand-levels": (signed_text(b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"), UNREADABLE_CLAIMS),
    "a-claim-twice": (signed_text(f'{{"sub":"eve",{TEXT[1:]}'.encode()), TWICE),
    "a-header-twice": (
        signed_text(TEXT.encode(), b'{"alg":"none","alg":"HS256"}'),
        TWICE,
    ),
    "crit": (hs256({"crit": ["exp"]}, exp=NOW + 60), "needs an extension"),
    "b64": (signed_text(TEXT.encode(), b'{"alg":"HS256","b64":false}'), "needs an extension"),
    "another-kind-of-token": (hs256({"typ": "logout+jwt"}, exp=NOW + 60), "is of another kind than JWT"),
    "huge": ("eyJ" + "a" * LONGEST_SECRET + ".x.x", f"is longer than {LONGEST_SECRET} bytes"),
    # when
    "no-exp": (hs256(exp=None), "never expires"),
    "expired": (hs256(exp=NOW - LEEWAY), "has expired"),
    "exp-as-text": (with_text(exp=f'"{NOW + 60}"'), "a claim 'exp' that is no time"),
    "exp-true": (with_text(exp="true"), "a claim 'exp' that is no time"),
    "exp-null": (with_text(exp="null"), "a claim 'exp' that is no time"),
    "exp-a-list": (with_text(exp="[1]"), "a claim 'exp' that is no time"),
    "exp-too-large-for-a-float": (with_text(exp="1e999"), "a claim 'exp' that is no time"),
    "exp-infinity": (with_text(exp="Infinity"), UNREADABLE_CLAIMS),
    "exp-nan": (with_text(exp="NaN"), UNREADABLE_CLAIMS),
    "exp-of-a-thousand-digits": (with_text(exp="9" * 1000), "a claim 'exp' that is no time"),
    "exp-of-too-many-digits": (with_text(exp="9" * 5000), UNREADABLE_CLAIMS),
    "not-yet": (hs256(exp=NOW + 600, nbf=NOW + LEEWAY + 1), "is not valid yet"),
    "nbf-as-text": (with_text(nbf='"0"'), "a claim 'nbf' that is no time"),
    # for whom, from whom
    "foreign-audience": (hs256(exp=NOW + 60, aud="billing"), "is made for another audience"),
    "foreign-audiences": (hs256(exp=NOW + 60, aud=["billing", "mail"]), "is made for another audience"),
    "a-part-of-the-audience": (hs256(exp=NOW + 60, aud="turn"), "is made for another audience"),
    "an-audience-that-begins-with-it": (hs256(exp=NOW + 60, aud=f"{AUDIENCE}-2"), "is made for another audience"),
    "no-audience": (hs256(exp=NOW + 60, aud=None), "is for nobody in particular"),
    "audience-of-a-wrong-type": (hs256(exp=NOW + 60, aud=[1]), "neither a text nor a list of texts"),
    "foreign-issuer": (hs256(exp=NOW + 60, iss="https://evil.example"), "is not from the issuer"),
    "issuer-with-a-slash": (hs256(exp=NOW + 60, iss=f"{ISSUER}/"), "is not from the issuer"),
    "no-issuer": (hs256(exp=NOW + 60, iss=None), "is not from the issuer"),
    "issuer-in-a-list": (with_text(iss=f'["{ISSUER}"]'), "is not from the issuer"),
    # who and what
    "nobody": (hs256(exp=NOW + 60, sub=None), "names nobody"),
    "an-empty-name": (hs256(exp=NOW + 60, sub=""), "names nobody"),
    "a-number-as-a-name": (with_text(tier="1"), "a claim 'tier' that is no text"),
    "a-nul-in-a-name": (hs256(exp=NOW + 60, team="a\0b"), "a claim 'team' that is no text"),
    "half-a-character": (hs256(exp=NOW + 60, team="\ud800"), "a claim 'team' that is no text"),
    "a-long-name": (hs256(exp=NOW + 60, team="x" * 257), "a claim 'team' that is no text"),
    "roles-true": (with_text(roles="true"), "a claim 'roles' that is neither"),
    "roles-as-an-object": (with_text(roles='{"admin":true}'), "a claim 'roles' that is neither"),
    "roles-of-numbers": (with_text(roles='["user",1]'), "a claim 'roles' that is neither"),
}


@pytest.mark.parametrize(("token", "why"), ON_A_SECRET.values(), ids=ON_A_SECRET)
def test_on_a_secret(token: str, why: str) -> None:
    reply = refusal(token, by_secret())
    assert reply.startswith("401 ")
    assert why in reply


PUBLIC_DER = RSAAlgorithm.to_jwk(ISSUERS.rsa.public_key())
ON_A_LIST = {
    "the-public-key-as-a-secret": (confused(ISSUERS.public_pem()), NOT_TAKEN_BY_LIST),
    "the-listed-key-as-a-secret": (confused(PUBLIC_DER.encode()), NOT_TAKEN_BY_LIST),
    "the-whole-list-as-a-secret": (confused(ISSUERS.key_list()), NOT_TAKEN_BY_LIST),
    "none": (unsigned("none", part(b"x")), NOT_TAKEN_BY_LIST),
    "another-hash": (signed(ISSUERS.rsa, "RS512", {"kid": "r1"}, exp=NOW + 60), NOT_TAKEN_BY_LIST),
    "another-padding": (signed(ISSUERS.rsa, "PS256", {"kid": "r1"}, exp=NOW + 60), NOT_TAKEN_BY_LIST),
    "somebody-elses-key": (STRANGER.rs256(exp=NOW + 60), WRONG_SIGNATURE),
    "somebody-elses-elliptic-key": (STRANGER.es256(exp=NOW + 60), WRONG_SIGNATURE),
    "unknown-kid": (ISSUERS.rs256({"kid": "r2"}, exp=NOW + 60), "a key that its issuer doesn't list"),
    "kid-of-the-other-algorithm": (ISSUERS.rs256({"kid": "e1"}, exp=NOW + 60), "a key that its issuer doesn't list"),
    "kid-with-a-path": (ISSUERS.rs256({"kid": "../../../dev/null"}, exp=NOW + 60), "its issuer doesn't list"),
    "kid-with-sql": (ISSUERS.rs256({"kid": "' OR 1=1 --"}, exp=NOW + 60), "its issuer doesn't list"),
    "kid-with-an-address": (ISSUERS.rs256({"kid": "http://evil.example/k"}, exp=NOW + 60), "its issuer doesn't list"),
    "kid-that-is-long": (ISSUERS.rs256({"kid": "k" * 257}, exp=NOW + 60), "a 'kid' in its header that is no text"),
    "expired": (ISSUERS.rs256(exp=NOW - LEEWAY), "has expired"),
    "foreign-audience": (ISSUERS.es256(exp=NOW + 60, aud="billing"), "is made for another audience"),
} | {
    f"a-key-of-its-own-in-{name}": (STRANGER.rs256({"kid": "mine", name: value}, exp=NOW + 60), "issuer doesn't list")
    for name, value in {
        "jku": "https://evil.example/keys.json",
        "x5u": "https://evil.example/cert.pem",
        "jwk": RSAAlgorithm.to_jwk(STRANGER.rsa.public_key(), as_dict=True),
        "x5c": ["MIIB"],
    }.items()
}  # fmt: skip


@pytest.mark.parametrize(("token", "why"), ON_A_LIST.values(), ids=ON_A_LIST)
async def test_on_a_list_of_keys(token: str, why: str) -> None:
    """The list was read a moment ago, so it isn't read again for an unknown key."""
    reply = refusal(token, await by_list())
    assert reply.startswith("401 ")
    assert why in reply


def test_no_token_gets_in_where_none_are_taken() -> None:
    assert refusal(GOOD, None).startswith("401 The API key is not known here. It looks like a token")


class TestTwoPrincipals:
    """Of two who may come in, the first one asks, by the fixed order of headers; never a mixture of both."""

    KEY = Key(id="k", digest=sha256(b"tk-a-key").digest(), tier="basic")
    KEYS = {KEY.digest: KEY}  # noqa: RUF012  # never changed

    def who(self, *secrets: str) -> Key:
        tokens = by_secret()
        return authenticate([secret.encode() for secret in secrets], self.KEYS, required=True, tokens=tokens)

    def test_the_first_one_asks(self) -> None:
        token = hs256(exp=NOW + 60, tier="premium", roles=["admin"])
        assert (self.who(token, "tk-a-key").tier, self.who("tk-a-key", token)) == ("premium", self.KEY)
        assert self.who(hs256(exp=NOW + 60, sub="bob"), token).user == "bob"

    def test_of_two_that_are_refused_the_first_ones_reason_is_told(self) -> None:
        with pytest.raises(RequestError, match="has expired"):
            self.who(hs256(exp=1), hs256(exp=NOW + 60, aud="billing"))

    def test_a_token_that_is_refused_hides_no_key(self) -> None:
        assert self.who(hs256(exp=1), "tk-a-key") is self.KEY
        assert self.who("tk-wrong", hs256(exp=NOW + 60)).user == "alice"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ("alice", "", "", False, False)),
        ({"team": "blue", "tier": "premium"}, ("alice", "blue", "premium", False, False)),
        ({"roles": ["user", "of-another-service"]}, ("alice", "", "", False, False)),
        ({"roles": ["auditor"]}, ("alice", "", "", False, True)),
        ({"roles": "user admin"}, ("alice", "", "", True, False)),
        ({"roles": []}, ("alice", "", "", False, False)),
        ({"roles": ["ADMIN", "administrator"]}, ("alice", "", "", False, False)),
        ({"aud": ["mail", AUDIENCE]}, ("alice", "", "", False, False)),
        ({"exp": NOW - LEEWAY + 1}, ("alice", "", "", False, False)),
        ({"exp": NOW + 0.5}, ("alice", "", "", False, False)),
        ({"exp": NOW + 600, "nbf": NOW + LEEWAY}, ("alice", "", "", False, False)),
    ],
)
async def test_a_good_token_says_who_asks(claims: dict[str, Any], expected: tuple[object, ...]) -> None:
    given = {"exp": NOW + 60} | claims
    listed = await by_list()
    for key in (
        who(hs256(**given), by_secret()),
        who(ISSUERS.rs256(**given), listed),
        who(ISSUERS.es256(**given), listed),
    ):
        assert (key.user, key.team, key.tier, key.admin, key.auditor) == expected
        assert key.id == f"jwt:{sha256(ISSUER.encode()).hexdigest()[:8]}:alice"
        assert key.digest == b""
