"""Pages of lists: the cursor says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from turnout.errors import InvalidRequest

T = TypeVar("T")


def cursor_of(place: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_in(cursor: str | None, form: type[T]) -> T | None:
    """Raises ``InvalidRequest``."""
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode() + b"=="), type=form)
    except (binascii.Error, msgspec.DecodeError, UnicodeError):
        raise InvalidRequest("This 'cursor' is not one that a page gave as its 'next'.", param="cursor") from None


def listed(rows: list[Any], following: Any) -> bytes:
    """The body of a page. ``following`` is the place of its last row; None at the end."""
    body = {"object": "list", "data": rows, "next": None if following is None else cursor_of(following)}
    return msgspec.json.encode(body)
