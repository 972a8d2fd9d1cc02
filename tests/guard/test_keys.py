"""Finding the key of a request, and the models that it may use."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import pytest

from tests.guard.support import Book
from turnout.core import Allowance, Key
from turnout.errors import Forbidden, Unauthenticated
from turnout.guard import ANONYMOUS, authenticate, may_use, require_use

SECRET = b"sk-turnout-very-secret"
KEY = Key(id="key_1", digest=sha256(SECRET).digest(), user="eve")
KEYS = {KEY.digest: KEY}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("secrets", [[SECRET], [b"sk-wrong", SECRET], [SECRET, b"sk-wrong"], [b"", b"x", SECRET]])
def test_any_right_key_lets_in(secrets: list[bytes], required: bool) -> None:
    assert authenticate(secrets, KEYS, required=required) is KEY


def test_of_two_right_keys_the_first_one_asks() -> None:
    other = Key(id="key_2", digest=sha256(b"other").digest())
    both = KEYS | {other.digest: other}
    assert authenticate([b"other", SECRET], both, required=True) is other
    assert authenticate([SECRET, b"other"], both, required=True) is KEY


@pytest.mark.parametrize("required", [True, False])
def test_a_right_key_is_known(required: bool) -> None:
    assert authenticate([SECRET], KEYS, required=required) is KEY


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        pytest.param(None, "No API key was sent", id="none"),
        pytest.param(b"", "is not known", id="empty"),
        pytest.param(b"sk-wrong", "is not known.*'keys'.*`turnout keys create`", id="wrong"),
        pytest.param(SECRET[:-1], "is not known", id="cut"),
        pytest.param(SECRET + b"\0", "is not known", id="longer"),
        pytest.param(SECRET.upper(), "is not known", id="in-capitals"),
        pytest.param(KEY.digest, "is not known", id="the-digest-itself"),
        pytest.param("schlüssel".encode("latin-1"), "is not known", id="not-utf8"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(secret: bytes | None, message: str) -> None:
    secrets = [] if secret is None else [secret]
    with pytest.raises(Unauthenticated, match=message) as caught:
        authenticate(secrets, KEYS, required=True)
    assert caught.value.status == 401
    assert "sk-" not in caught.value.message
    assert authenticate(secrets, KEYS, required=False) is ANONYMOUS


def test_the_comparison_takes_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that was found is compared again, by the function that is made for this."""
    compared: list[tuple[Any, Any]] = []

    def compare(a: Any, b: Any) -> bool:
        compared.append((a, b))
        return True

    monkeypatch.setattr(hmac, "compare_digest", compare)
    authenticate([SECRET], KEYS, required=True)
    assert compared == [(KEY.digest, KEY.digest)]


def test_a_key_is_not_taken_for_another_whose_digest_it_is_filed_under() -> None:
    wrong = Key(id="key_2", digest=sha256(b"other").digest())
    with pytest.raises(Unauthenticated):
        authenticate([SECRET], {KEY.digest: wrong}, required=True)


@pytest.mark.parametrize(
    ("patterns", "model", "may"),
    [
        ((), "anything", True),
        (("fast",), "fast", True),
        (("fast",), "faster", False),
        (("fast",), "FAST", False),
        (("gpt-*", "fast"), "gpt-4o", True),
        (("gpt-*",), "my-gpt-4o", False),
        (("*",), "größe/1:latest", True),
        (("openai/*",), "openai/gpt-4o", True),
        (("gpt-?",), "gpt-4", True),
        (("[!g]*",), "gpt-4", False),
    ],
)
def test_a_key_may_use_the_models_of_its_patterns(patterns: tuple[str, ...], model: str, may: bool) -> None:
    key = Key(id="k", digest=b"", allowance=Allowance(models=patterns))
    assert may_use(key, model, Book()) is may
    if may:
        require_use(key, model, "chat", Book())
    else:
        with pytest.raises(Forbidden, match=f"'{model}'") as caught:
            require_use(key, model, "chat", Book())
        assert (caught.value.status, caught.value.param) == (403, "model")


@pytest.mark.parametrize(("pattern", "asked"), [("oll", "oll:latest"), ("oll:latest", "oll"), ("ol?", "oll:latest")])
def test_a_model_is_the_same_by_either_of_its_names(pattern: str, asked: str) -> None:
    key = Key(id="k", digest=b"", allowance=Allowance(models=(pattern,)))
    require_use(key, asked, "chat", Book(same={"oll": "oll:latest"}))
    assert not may_use(key, asked, Book())
