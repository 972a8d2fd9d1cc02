"""Texts as every database can hold them.

Postgres refuses U+0000, and no database takes half a character (``"\\ud800"``). Clients and providers send both. The
columns' type sees to it, in what is written and in what is looked for: so no statement has to think of it, and the
mistake of a client is never taken for a failing database.
"""

from __future__ import annotations

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator


def storable(text: str) -> str:
    """``text``, or the same with U+FFFD in the place of what can't be stored."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


class Words(TypeDecorator[str]):
    """A column of texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)
