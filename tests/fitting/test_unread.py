"""What stands inside a request and has no place in the type it was read as."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from turnout.fitting.unread import unread_fields


class Leaf(msgspec.Struct, rename="camel"):
    some_text: str = ""


class Round(msgspec.Struct, tag_field="kind", tag="round"):
    size: int = 0
    inner: Leaf | None = None


class Square(msgspec.Struct, tag_field="kind", tag="square"):
    edge: int = 0
    more: list[Round | Square] | None = None


class Body(msgspec.Struct):
    model: str
    shapes: list[Round | Square] | str = ""
    leaf: Leaf | None = None
    free: dict[str, Any] = {}
    raw: msgspec.Raw = msgspec.Raw()


CASES = [
    pytest.param({"shapes": "a word"}, [], id="the-other-form"),
    pytest.param({"shapes": [{"kind": "round", "size": 1}]}, [], id="all-known"),
    pytest.param({"shapes": [{"kind": "round", "edge": 1}]}, ["shapes[0].edge"], id="another-kinds-field"),
    pytest.param({"shapes": [{"kind": "square", "edge": 1, "x": {"y": 1}}]}, ["shapes[0].x"], id="told-once"),
    pytest.param(
        {"shapes": [{"kind": "square", "more": [{"kind": "square", "more": [{"kind": "round", "inner": {"a": 1}}]}]}]},
        ["shapes[0].more[0].more[0].inner.a"],
        id="deep-in-a-type-that-holds-itself",
    ),
    pytest.param({"leaf": {"someText": "a"}}, [], id="renamed"),
    pytest.param({"leaf": {"some_text": "a"}}, ["leaf.some_text"], id="renamed-and-wrong"),
    pytest.param({"leaf": None}, [], id="null"),
    pytest.param({"free": {"x": {"y": 1}}, "raw": {"z": 1}}, [], id="free-form"),
    pytest.param({"strange": {"x": 1}}, [], id="a-top-level-field-is-an-extension"),
]


@pytest.mark.parametrize(("body", "unread"), CASES)
def test_what_nobody_reads_is_told_by_its_path(body: dict[str, Any], unread: list[str]) -> None:
    fields = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in {"model": "m", **body}.items()}
    assert unread_fields(fields, Body) == unread


def test_no_more_is_told_than_is_worth_it() -> None:
    leaf = msgspec.Raw(json.dumps({f"x{number}": 1 for number in range(1000)}).encode())
    assert len(unread_fields({"leaf": leaf}, Body)) == 32
