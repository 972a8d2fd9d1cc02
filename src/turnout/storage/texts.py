"""Columns of texts that every database can hold.

The type of the columns replaces what can't be stored in every parameter of a statement. So no caller has to do it, and
a client's mistake never looks like a failing database.
"""

from __future__ import annotations

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from .storable import storable


class StorableText(TypeDecorator[str]):
    """A column of texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)
