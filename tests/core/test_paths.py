"""A name stays one segment of its path, or is refused."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.paths import segment
from turnout.errors import Unsupported


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("gpt-4o_mini~1.5", "gpt-4o_mini~1.5"),
        ("hf.co/unsloth/Qwen3-GGUF:Q4_K_M", "hf.co%2Funsloth%2FQwen3-GGUF%3AQ4_K_M"),
        ("a b?c#d%e\\f\n", "a%20b%3Fc%23d%25e%5Cf%0A"),
        ("модель", "%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C"),
        ("a..b", "a..b"),
        ("...", "..."),
    ],
)
def test_what_is_not_unreserved_is_encoded(name: str, encoded: str) -> None:
    assert segment(name) == encoded


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/..",
        "../a",
        "a/./b",
        "a\\..\\b",
        "%2e%2E",
        ".%2e",
        "%252e.",
        "a%2f..",
        "a%5C..",
        "..;a",
        "\ud800",
    ],
)
def test_what_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match="can't be part of a provider's address"):
        segment(name)


@given(st.text())
def test_nothing_ends_a_segment(name: str) -> None:
    try:
        encoded = segment(name)
    except Unsupported:
        return
    assert encoded.isascii()
    assert not set(encoded) & set("/?#\\:;@& \r\n")
    assert unquote(encoded) == name
    assert encoded not in (".", "..")
