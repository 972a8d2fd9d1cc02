"""About how many tokens bytes have, from each byte alone: no table of tokens is needed."""

from __future__ import annotations

from typing import Final

TOKEN: Final = 100
"""Weights are hundredths of a token."""


def _weights() -> bytes:
    """The weight of each byte of UTF-8, fitted to o200k_base over texts of 18 kinds and languages.

    A space weighs nothing: it belongs to the word after it. The first byte of a character stands for its script,
    roughly; the other bytes weigh nothing.
    """
    table = bytearray(256)
    for first, last, weight in (
        (0x00, 0x1F, 58),  # line ends, tabs
        (0x21, 0x2F, 46),  # symbols
        (0x30, 0x39, 85),  # digits
        (0x3A, 0x40, 46),
        (0x41, 0x5A, 29),  # letters
        (0x5B, 0x60, 46),
        (0x61, 0x7A, 29),
        (0x7B, 0x7F, 46),
        (0xC2, 0xDF, 40),  # Latin with accents, Greek, Cyrillic, Hebrew, Arabic
        (0xE0, 0xE0, 43),  # India's scripts, Thai
        (0xE1, 0xEF, 81),  # Chinese, Japanese, Korean
        (0xF0, 0xF4, 233),  # emoji
    ):
        table[first : last + 1] = bytes([weight]) * (last + 1 - first)
    return bytes(table)


_WEIGHTS: Final = _weights()


def weigh(data: bytes) -> int:
    """The weight of UTF-8, in hundredths of a token. 1,000 bytes take 8 µs."""
    return sum(data.translate(_WEIGHTS))
