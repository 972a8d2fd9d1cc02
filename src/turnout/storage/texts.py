"""Texts that every database can hold.

Postgres refuses U+0000, and no database takes half a surrogate pair (``"\\ud800"``). Clients and providers send both.
The type of the columns replaces them in every parameter of a statement. So no caller has to do it, and a client's
mistake never looks like a failing database.
"""

from __future__ import annotations

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator


def storable(text: str) -> str:
    """``text`` with U+FFFD in the place of every character that can't be stored."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


class StorableText(TypeDecorator[str]):
    """A column of texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)
