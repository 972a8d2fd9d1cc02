"""An attempt as a row of the table ``attempts``. The columns are the fields that ``core`` declares, laid out flat.

A field of ``Usage`` and of its ``extra`` has a column of its own. ``usage_source`` is its ``source``; it is NULL when
the usage is unknown. ``inner_usage`` is ``inner`` as JSON. ``changes`` is a JSON array of texts, or NULL when it is
empty, and so are ``tags``. ``plan`` is JSON, or NULL when there was no choice.
A lost attempt without an end has NULL in every column that only that could fill, except ``outcome`` and ``status``, and
the usage and the cost that were estimated at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt, Extra, InnerUsage, PlanRecord, Usage, with_extra
from turnout.core.usage import NO_EXTRA

START_COLUMNS = tuple(name for name in AttemptStart.__struct_fields__ if name != "tags")
END_COLUMNS = tuple(
    name for name in AttemptEnd.__struct_fields__ if name not in ("attempt_id", "usage", "changes", "plan")
)

_RARE = ("audio_input", "audio_output", "image_input", "image_output")
_COMMON = tuple(name for name in Usage.__struct_fields__ if name not in (*_RARE, "extra"))
_EXTRA = Extra.__struct_fields__
"""Most attempts have none of the rare and the extra fields. NULL takes the place of 0 and of an empty text: Postgres
keeps no bytes for it.
"""

_NAMES = {"source": "usage_source", "inner": "inner_usage"}  # "inner" is a word of SQL
USAGE_COLUMNS = {_NAMES.get(field, field): field for field in (*_COMMON, *_RARE, *_EXTRA)}
"""The field of ``Usage`` or of its ``extra`` in each column."""

COLUMNS = (*START_COLUMNS, "tags", *END_COLUMNS, "changes", *USAGE_COLUMNS, "plan")

# attrgetter, because it is four times as quick as the same in Python.
_start_values: Callable[[AttemptStart], tuple[Any, ...]] = attrgetter(*START_COLUMNS)
_end_values: Callable[[AttemptEnd], tuple[Any, ...]] = attrgetter(*END_COLUMNS)
_common_values: Callable[[Usage], tuple[Any, ...]] = attrgetter(*_COMMON)
_rare_counts: Callable[[Usage], tuple[int, ...]] = attrgetter(*_RARE)

_NO_RARE = (None,) * len(_RARE)
_NO_EXTRA = (None,) * len(_EXTRA)
_NO_USAGE = (None,) * len(USAGE_COLUMNS)

_encode = msgspec.json.Encoder().encode
_decode_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_inner = msgspec.json.Decoder(tuple[InnerUsage, ...]).decode
_decode_plan = msgspec.json.Decoder(PlanRecord).decode


def row_of(attempt: EndedAttempt) -> tuple[Any, ...]:
    """The values of ``COLUMNS``, in their order."""
    end = attempt.end
    tags = _encode(attempt.start.tags).decode() if attempt.start.tags else None
    start = (*_start_values(attempt.start), tags)
    if end is None:
        return (*start, *_lost_values(attempt.cost), None, *_usage_values(attempt.usage), None)
    changes = _encode(end.changes).decode() if end.changes else None
    plan = None if end.plan is None else _encode(end.plan).decode()
    return start + _end_values(end) + (changes,) + _usage_values(end.usage) + (plan,)


def _lost_values(cost: int | None) -> tuple[Any, ...]:
    known = {"outcome": "lost", "status": 0, "cost": cost}
    return tuple([known.get(name) for name in END_COLUMNS])


def _usage_values(usage: Usage | None) -> tuple[Any, ...]:
    if usage is None:
        return _NO_USAGE
    rare_counts = _rare_counts(usage)
    return (
        _common_values(usage)
        + (tuple([count or None for count in rare_counts]) if any(rare_counts) else _NO_RARE)
        + (_NO_EXTRA if usage.extra is NO_EXTRA else _extra_values(usage.extra))
    )


def _extra_values(extra: Extra) -> tuple[Any, ...]:
    values = [value or None for value in astuple(extra)]
    if extra.inner:
        values[_EXTRA.index("inner")] = _encode(extra.inner).decode()
    return tuple(values)


def attempt_of(row: Mapping[str, Any]) -> EndedAttempt:
    """The attempt in a row, whose values are named by ``COLUMNS``.

    NULL becomes the field's default: rows that an older version wrote have it in every column that came later.
    """
    values = {name: value for name, value in row.items() if value is not None}
    if values["outcome"] == "lost" and "cost" in values:
        values["cost_estimate"] = values["cost"]  # it may have been rated again
    start = AttemptStart(
        **_selected(values, START_COLUMNS),
        tags=_decode_texts(values.get("tags", "[]")),
    )
    if values["outcome"] == "lost" and "total" not in values:
        return EndedAttempt(start, None)
    usage = None
    if "usage_source" in values:
        usage = _usage_of(values)
    changes = _decode_texts(values.get("changes", "[]"))
    plan = _decode_plan(values["plan"]) if "plan" in values else None
    end = AttemptEnd(
        attempt_id=start.attempt_id, usage=usage, changes=changes, plan=plan, **_selected(values, END_COLUMNS)
    )
    return EndedAttempt(start, end)


def _usage_of(values: Mapping[str, Any]) -> Usage:
    fields = {field: values[name] for name, field in USAGE_COLUMNS.items() if name in values}
    if "inner" in fields:
        fields["inner"] = _decode_inner(fields["inner"])
    extra = {name: fields.pop(name) for name in _EXTRA if name in fields}
    return with_extra(Usage(**fields), **extra)


def _selected(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
