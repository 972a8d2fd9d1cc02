"""Vectors as base64 of little-endian 32-bit floats. OpenAI sends them in this form on request."""

from __future__ import annotations

import binascii
import sys
from array import array
from base64 import b64encode
from collections.abc import Iterable

_SWAPPED = sys.byteorder == "big"


def packed(vector: Iterable[float]) -> str:
    """Base64. A number that doesn't fit 32 bits is rounded, or infinite."""
    floats = array("f", vector)
    if _SWAPPED:
        floats.byteswap()
    return b64encode(floats).decode()


def unpacked(data: str) -> tuple[float, ...]:
    """Raises ``ValueError`` for text that isn't base64, or doesn't hold whole floats."""
    floats = array("f")
    floats.frombytes(binascii.a2b_base64(data, strict_mode=True))
    if _SWAPPED:
        floats.byteswap()
    return tuple(floats)
