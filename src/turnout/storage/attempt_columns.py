"""The columns of the table ``attempts``, derived from the fields of an attempt in ``core``."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect
from sqlalchemy import BigInteger, Boolean, Column, Integer

from turnout.core import AttemptEnd, AttemptStart, Extra, Usage

from .attempt_rows import COLUMNS, END_COLUMNS, USAGE_COLUMNS
from .texts import StorableText

_SQL_TYPES: dict[type[inspect.Type], Any] = {
    inspect.StrType: StorableText,
    inspect.LiteralType: StorableText,
    inspect.VarTupleType: StorableText,  # this and the next one: as JSON
    inspect.StructType: StorableText,
    inspect.IntType: BigInteger,
    inspect.BoolType: Boolean,
}


def attempt_columns() -> list[Column[Any]]:
    """New columns, one for each name in ``COLUMNS`` and in that order.

    A column may be NULL unless a start always has its field: a lost attempt has no end, and rows that an older version
    wrote have no value in a column that came later.
    """
    special: dict[str, Column[Any]] = {
        "number": Column("number", Integer, nullable=False),
        "outcome": Column("outcome", StorableText, nullable=False),
        "status": Column("status", Integer, nullable=False),
        "operation": Column("operation", StorableText, server_default="chat"),
    }
    starts, ends = _fields(AttemptStart), _fields(AttemptEnd)
    usage = _fields(Usage) | _fields(Extra)
    columns: dict[str, Column[Any]] = {}
    for name, field in starts.items():
        columns[name] = Column(name, _sql_type(field), nullable=not field.required)
    for name in (*END_COLUMNS, "changes", "plan"):
        columns[name] = Column(name, _sql_type(ends[name]))
    for name, field_name in USAGE_COLUMNS.items():
        columns[name] = Column(name, _sql_type(usage[field_name]))
    return [special.get(name, columns[name]) for name in COLUMNS]


def _fields(declaration: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    description = inspect.type_info(declaration)
    assert isinstance(description, inspect.StructType)  # noqa: S101
    return {field.name: field for field in description.fields}


def _sql_type(field: inspect.Field) -> Any:
    """Raises ``KeyError`` for a type that no column can hold."""
    types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    (kind,) = [type(member) for member in types if not isinstance(member, inspect.NoneType)]
    return _SQL_TYPES[kind]
