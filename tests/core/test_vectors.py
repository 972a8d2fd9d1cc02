"""Vectors survive base64, bit for bit as 32-bit floats."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.vectors import packed, unpacked

SINGLES = st.lists(st.floats(width=32, allow_nan=False))


@given(SINGLES)
def test_what_fits_comes_back_as_it_was(vector: list[float]) -> None:
    assert unpacked(packed(vector)) == tuple(vector)


@given(SINGLES)
def test_the_bytes_are_little_endian_singles(vector: list[float]) -> None:
    assert b64decode(packed(vector), validate=True) == struct.pack(f"<{len(vector)}f", *vector)


@given(st.floats(-1, 1))
def test_a_double_is_rounded_to_the_nearest_single(number: float) -> None:
    assert unpacked(packed([number])) == struct.unpack("<f", struct.pack("<f", number))


def test_what_is_too_large_is_infinite() -> None:
    assert unpacked(packed([1e39, -1e39])) == (float("inf"), float("-inf"))


@pytest.mark.parametrize("data", ["AAA", "AAAA", "****", "AAAAAA", "AAAAAA==\n"], ids=repr)
def test_anything_else_is_refused(data: str) -> None:
    """Not base64, or not of whole floats."""
    with pytest.raises(ValueError, match=r"."):
        unpacked(data)


def test_a_known_vector() -> None:
    assert packed([1.0, -0.5]) == b64encode(b"\x00\x00\x80\x3f\x00\x00\x00\xbf").decode()
