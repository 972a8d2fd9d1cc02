"""What is remembered of a token, and how the issuer's list of keys is kept up to date beside the requests."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.signing import AUDIENCE, ISSUER, SECRET, Issuer, hs256, signed
from turnout.core import Key, Secret
from turnout.errors import RequestError, UpstreamUnreachable
from turnout.guard import ClaimNames, TokenRules, Tokens, authenticate
from turnout.guard.jwt import key_ring, tokens
from turnout.guard.jwt.key_list import LONGEST_LIST, MOST_KEYS, read_key_list
from turnout.guard.jwt.key_ring import KeyRing

ISSUERS = Issuer()
OTHER = Issuer()
BOTH = frozenset({"RS256", "ES256"})
NOW = 2_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def by_secret(clock: Clock, **rules: Any) -> Tokens:
    given: dict[str, Any] = {"secret": Secret(SECRET), "issuer": ISSUER, "audience": AUDIENCE} | rules
    return Tokens(TokenRules(frozenset({"HS256"}), **given), clock=clock)


def asked(token: str, taken: Tokens) -> str:
    """The user, or the status and the words of the refusal."""
    try:
        return authenticate([token.encode()], {}, required=True, tokens=taken).user
    except RequestError as error:
        return f"{error.status} {error.message}"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The algorithms of the signatures that were checked."""
    checked: list[str] = []
    algorithm_of = tokens.algorithm_of

    def counted(name: str) -> Any:
        checked.append(name)
        return algorithm_of(name)

    monkeypatch.setattr(tokens, "algorithm_of", counted)
    return checked


class TestRemembered:
    def test_a_known_token_is_not_checked_again_until_it_expires(self, checks: list[str]) -> None:
        clock = Clock()
        taken, token = by_secret(clock, leeway=10), hs256(exp=NOW + 60)
        assert [asked(token, taken) for _ in range(3)] == ["alice"] * 3
        clock.now = NOW + 69.9
        assert asked(token, taken) == "alice"
        assert checks == ["HS256"]
        clock.now = NOW + 70
        assert asked(token, taken).startswith("401 The token has expired")

    def test_the_same_key_is_given_each_time(self) -> None:
        taken, token = by_secret(Clock()), hs256(exp=NOW + 60).encode()
        digest = sha256(token).digest()
        assert isinstance(taken.key_of(token, digest), Key)
        assert taken.key_of(token, digest) is taken.key_of(token, digest)

    def test_a_refused_token_is_not_remembered(self, checks: list[str]) -> None:
        taken, token = by_secret(Clock()), hs256(exp=NOW + 60)
        for _ in range(3):
            assert asked(token[:-4], taken).startswith("401 ")
        assert len(checks) == 3

    def test_those_that_were_not_used_for_longest_are_forgotten(
        self, checks: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "MOST_REMEMBERED", 2)
        taken = by_secret(Clock())
        one, two, three = (hs256(exp=NOW + 60, sub=name) for name in ("one", "two", "three"))
        for token in (one, two, one, three, one):
            asked(token, taken)
        assert len(checks) == 3
        asked(two, taken)
        assert len(checks) == 4


@pytest.mark.parametrize(
    ("names", "claims", "expected"),
    [
        (ClaimNames(user="email"), {"email": "a@b.c"}, ("a@b.c", "", ":alice")),
        (ClaimNames(user="user_id"), {"sub": None, "user_id": "u1"}, ("u1", "", ":u1")),
        (ClaimNames(team="org.team"), {"org": {"team": "blue"}}, ("alice", "blue", ":alice")),
        (ClaimNames(team="https://a.b/team"), {"https://a.b/team": "red"}, ("alice", "red", ":alice")),
        (ClaimNames(team="org.team.x"), {"org": {"team": "blue"}}, ("alice", "", ":alice")),
        (ClaimNames(), {"team": None, "sub": "s" * 250}, ("s" * 250, "", f":{sha256(b's' * 250).hexdigest()}")),
    ],
)
def test_claims_have_the_names_that_are_configured(
    names: ClaimNames, claims: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    token = hs256(exp=NOW + 60, **claims).encode()
    key = by_secret(Clock(), claims=names).key_of(token, b"")
    assert isinstance(key, Key)
    assert (key.user, key.team) == expected[:2]
    assert key.id.endswith(expected[2])
    assert len(key.id) <= 256


def test_who_lacks_the_configured_claim_is_nobody() -> None:
    """Another claim in its place could be somebody else's name."""
    taken = by_secret(Clock(), claims=ClaimNames(user="email"))
    assert asked(hs256(exp=NOW + 60), taken) == "401 The token names nobody: it has no claim 'email'."


def test_the_same_name_at_another_issuer_is_somebody_else() -> None:
    taken = by_secret(Clock(), issuer="")
    tokens_of = [hs256(exp=NOW + 60, iss=issuer).encode() for issuer in (ISSUER, "https://other.example", None)]
    ids = [key.id for token in tokens_of if isinstance(key := taken.key_of(token, token), Key)]
    assert len(set(ids)) == 3
    assert ids[2] == "jwt::alice"


class TestTheList:
    def rows(self, *changes: dict[str, Any]) -> bytes:
        row = RSAAlgorithm.to_jwk(ISSUERS.rsa.public_key(), as_dict=True) | {"kid": "r1"}
        return json.dumps({"keys": [row | change for change in changes]}).encode()

    def test_keys_are_found_by_algorithm_and_name(self) -> None:
        assert set(read_key_list(ISSUERS.key_list(), BOTH)) == {("RS256", "r1"), ("ES256", "e1")}
        assert set(read_key_list(ISSUERS.key_list(), {"ES256"})) == {("ES256", "e1")}

    @pytest.mark.parametrize(
        "change",
        [
            {"kty": "oct", "k": "c2VjcmV0"},
            {"use": "enc"},
            {"alg": "RS512"},
            {"alg": "HS256"},
            {"key_ops": ["encrypt"]},
            {"key_ops": "verify"},
            {"kid": 7},
            {"n": "AQAB"},
            {"n": 5},
            {"e": ""},
            {"n": "ä"},
            {"crv": "P-256"},
            {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
            {"kty": "EC", "crv": "P-521"},
            {"kty": None},
            {"e": "AA"},
        ],
    )
    def test_what_can_not_check_is_passed_over(self, change: dict[str, Any]) -> None:
        assert set(read_key_list(self.rows({"kid": "good"}, change), BOTH)) == {("RS256", "good")}

    def test_a_short_key_is_passed_over(self) -> None:
        short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505  # refused
        assert len(read_key_list(self.rows({}, RSAAlgorithm.to_jwk(short, as_dict=True) | {"kid": "s"}), BOTH)) == 1

    def test_a_private_key_is_taken_as_its_public_half(self) -> None:
        private = ECAlgorithm.to_jwk(ISSUERS.ec, as_dict=True)
        assert "d" in private
        (key,) = read_key_list(json.dumps({"keys": [private | {"kid": "e1"}]}).encode(), BOTH).values()
        assert not hasattr(key, "sign")

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"", "no list of keys"),
            (b"<html>", "no list of keys"),
            (b"[]", "no list of keys"),
            (b"{}", "no list of keys"),
            (b"[" * 100_000, "no list of keys"),
            (b'{"keys": {}}', f"no list of at most {MOST_KEYS} keys"),
            (json.dumps({"keys": [1] * (MOST_KEYS + 1)}).encode(), f"no list of at most {MOST_KEYS} keys"),
            (b'{"keys": [1, null, {}]}', "no key for ES256 or RS256"),
            (b" " * (LONGEST_LIST + 1), "longer than"),
        ],
        ids=lambda value: value[:12].decode(errors="replace") if isinstance(value, bytes) else "",
    )
    def test_what_is_no_list_is_refused(self, body: bytes, why: str) -> None:
        with pytest.raises(ValueError, match=why):
            read_key_list(body, BOTH)


class Endpoint:
    """The issuer's list of keys. An answer that is a text fails with it."""

    def __init__(self, *answers: tuple[int, bytes] | str) -> None:
        self.answers = list(answers)
        self.reads = 0
        self.was_read = asyncio.Event()

    async def read(self) -> tuple[int, bytes]:
        self.reads += 1
        self.was_read.set()
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, str):
            raise UpstreamUnreachable(answer)
        return answer


GOOD = (200, ISSUERS.key_list())
ROTATED = (200, OTHER.key_list().replace(b'"r1"', b'"r2"'))


class TestKeptUpToDate:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Of the list and of tokens."""
        clock = Clock()
        monkeypatch.setattr(tokens, "KeyRing", partial(KeyRing, clock=clock))
        return clock

    @pytest.fixture
    def taken(self, clock: Clock) -> Tokens:
        return Tokens(TokenRules(BOTH, issuer=ISSUER, audience=AUDIENCE), clock=clock)

    async def refresh(self, taken: Tokens, endpoint: Endpoint) -> None:
        assert taken.ring is not None
        await taken.ring.refresh(endpoint.read)

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ("issuer.example can't be reached.", "can't be reached"),
            ((503, b""), "status 503"),
            ((302, b""), "status 302"),
            ((200, b"<html>"), "no list of keys"),
        ],
    )
    async def test_before_the_first_reading_nobody_can_tell(
        self, taken: Tokens, answer: tuple[int, bytes] | str, why: str
    ) -> None:
        token = ISSUERS.rs256(exp=NOW + 60)
        assert asked(token, taken) == "503 The token can't be checked yet: the keys of its issuer are being read."
        await self.refresh(taken, Endpoint(answer))
        assert asked(token, taken) == "503 The token can't be checked yet: the keys of its issuer can't be read now."
        assert not taken.state().ok
        assert why in str(taken.state().error)

    async def test_a_dead_issuer_keeps_the_known_keys(self, taken: Tokens, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        await self.refresh(taken, Endpoint(GOOD))
        assert taken.state().ok
        for _ in range(3):
            await self.refresh(taken, Endpoint("down"))
        assert asked(ISSUERS.es256(exp=NOW + 60), taken) == "alice"
        assert (taken.state().ok, taken.state().keys, taken.state().error) == (False, 2, "down")
        await self.refresh(taken, Endpoint(GOOD))
        assert taken.state().ok
        assert len([record for record in caplog.records if record.name == key_ring.__name__]) == 2

    async def test_a_key_that_is_dropped_checks_nothing_from_then_on(self, taken: Tokens) -> None:
        token = ISSUERS.rs256(exp=NOW + 60)
        await self.refresh(taken, Endpoint(GOOD))
        assert asked(token, taken) == "alice"
        await self.refresh(taken, Endpoint(ROTATED))
        assert "its issuer doesn't list" in asked(token, taken)

    async def test_a_key_that_was_replaced_under_its_name_checks_nothing(self, taken: Tokens) -> None:
        token = ISSUERS.rs256(exp=NOW + 60)
        await self.refresh(taken, Endpoint(GOOD))
        assert asked(token, taken) == "alice"
        await self.refresh(taken, Endpoint((200, OTHER.key_list())))
        assert "wrong signature" in asked(token, taken)

    async def test_the_same_list_forgets_no_token(self, taken: Tokens, checks: list[str]) -> None:
        token = ISSUERS.rs256(exp=NOW + 60)
        for _ in range(3):
            await self.refresh(taken, Endpoint(GOOD))
            assert asked(token, taken) == "alice"
        assert checks == ["RS256"]

    async def test_an_unknown_key_has_the_list_read_at_once_but_not_too_often(
        self, taken: Tokens, clock: Clock
    ) -> None:
        endpoint = Endpoint(GOOD, ROTATED, GOOD)
        new, stray = (
            signed(OTHER.rsa, "RS256", {"kid": "r2"}, exp=NOW + 600),
            ISSUERS.rs256({"kid": "x"}, exp=NOW + 600),
        )
        running = asyncio.create_task(taken.run(endpoint.read))
        try:
            await self.until_read(endpoint, taken)
            assert asked(new, taken).startswith("401 "), "it was read a moment ago"
            clock.now += key_ring.AGAIN_SECONDS
            assert asked(new, taken).startswith("503 The token can't be checked yet: its issuer's keys are read again")
            await self.until_read(endpoint, taken)
            assert asked(new, taken) == "alice"
            for _ in range(100):
                assert asked(stray, taken).startswith("401 ")
                await asyncio.sleep(0)
            assert endpoint.reads == 2
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def until_read(self, endpoint: Endpoint, taken: Tokens) -> None:
        """And until the list has come in."""
        async with asyncio.timeout(5):
            await endpoint.was_read.wait()
            endpoint.was_read.clear()
            await asyncio.sleep(0)

    async def test_it_is_read_every_ten_minutes_and_sooner_while_none_is_known(
        self, taken: Tokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses: list[float] = []
        times = itertools.count()

        def timeout(seconds: float) -> asyncio.Timeout:
            pauses.append(seconds)
            return asyncio.timeout_at(0 if next(times) < 8 else None)

        monkeypatch.setattr(asyncio, "timeout", timeout)
        running = asyncio.create_task(taken.run(Endpoint(*["down"] * 7, GOOD, "down").read))
        while len(pauses) < 9:  # noqa: ASYNC110  # each turn is one reading
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 600, 600]

    async def test_other_rules_keep_the_keys_and_forget_the_tokens(self, taken: Tokens, clock: Clock) -> None:
        token = ISSUERS.rs256(exp=NOW + 60)
        await self.refresh(taken, Endpoint(GOOD))
        assert asked(token, taken) == "alice"
        others = Tokens(TokenRules(BOTH, issuer="https://other.example", audience=AUDIENCE), taken.ring, clock)
        assert "is not from the issuer" in asked(token, others)
        assert asked(ISSUERS.rs256(exp=NOW + 60, iss="https://other.example"), others) == "alice"

    async def test_a_token_without_a_kid_gets_the_only_key_of_its_algorithm(self, taken: Tokens) -> None:
        await self.refresh(taken, Endpoint(GOOD))
        assert asked(signed(ISSUERS.rsa, "RS256", exp=NOW + 60), taken) == "alice"
        rows = json.loads(ISSUERS.key_list())["keys"] + json.loads(ROTATED[1])["keys"]
        await self.refresh(taken, Endpoint((200, json.dumps({"keys": rows}).encode())))
        assert "doesn't say which" in asked(signed(ISSUERS.rsa, "RS256", exp=NOW + 60), taken)
