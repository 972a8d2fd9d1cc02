"""A secret can't slip out by any way in which values are commonly shown."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable

import msgspec
import pytest

from turnout.core import Deployment, Secret

SECRET = Secret("sk-very-secret")
HOLDER = Deployment(id="d", provider="openai", model="m", api_key=SECRET)


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(ascii, id="ascii"),
        pytest.param(lambda secret: f"{secret}", id="f-string"),
        pytest.param(lambda secret: f"{secret!r:>20}", id="f-string-with-width"),
        pytest.param("{}".format, id="format"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), id="percent"),  # noqa: UP031  # as logging does
        pytest.param(lambda secret: repr([secret, {"key": secret}]), id="in-containers"),
        pytest.param(lambda _: repr(HOLDER), id="in-a-deployment"),
        pytest.param(lambda secret: json.dumps({"key": secret}, default=str), id="json"),
        pytest.param(lambda secret: str(dir(secret)), id="dir"),
    ],
)
def test_showing_it_shows_stars(show: Callable[[Secret], str]) -> None:
    assert "secret" not in show(SECRET).replace("Secret(***)", "")


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(msgspec.json.encode, id="msgspec-json"),
        pytest.param(msgspec.msgpack.encode, id="msgspec-msgpack"),
        pytest.param(msgspec.to_builtins, id="msgspec-builtins"),
        pytest.param(json.dumps, id="json"),
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(vars, id="vars"),
    ],
)
@pytest.mark.parametrize("value", [SECRET, HOLDER], ids=["alone", "in-a-deployment"])
def test_it_can_not_be_packed(pack: Callable[[object], object], value: object) -> None:
    with pytest.raises(TypeError) as caught:
        pack(value)
    assert "sk-very" not in str(caught.value)


def test_a_log_line_shows_stars(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("the key is %s", SECRET)
    assert "the key is Secret(***)" in caplog.text


def test_a_traceback_with_locals_shows_stars() -> None:
    def failing(key: Secret) -> None:
        raise ValueError(key)

    with pytest.raises(ValueError, match="Secret") as caught:
        failing(SECRET)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "sk-very" not in shown


def test_it_is_given_out_when_asked() -> None:
    assert SECRET.reveal() == "sk-very-secret"


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_an_empty_one_is_none() -> None:
    assert not Secret("")
    assert Secret("x")
