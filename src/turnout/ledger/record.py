"""What the ledger tells of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from turnout.core import Outcome, Usage, usd
from turnout.storage import AttemptRow, StartedRow


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. ``started`` is a Unix time, the durations count from it; all are microseconds.

    ``outcome``, ``status`` and what follows are None while the attempt is under way. ``cost`` is in picodollars,
    ``cost_usd`` the same as a decimal string. ``changes`` says what was done to the request's media.
    """

    attempt_id: str
    number: int
    started: int
    dialect: str
    key_id: str
    user: str
    model: str
    deployment: str
    provider: str
    upstream_model: str
    stream: bool
    outcome: Outcome | None = None
    status: int | None = None
    queue: int | None = None
    first_token: int | None = None
    total: int | None = None
    usage: Usage | None = None
    cost: int | None = None
    cost_usd: str | None = None
    price_version: str | None = None
    finish: str | None = None
    error_code: str | None = None
    error: str | None = None
    operation: str | None = None
    changes: tuple[str, ...] = ()


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A request's attempts, first one first, and what those of them cost together whose cost is known."""

    request_id: str
    attempts: tuple[AttemptRecord, ...]
    cost: int | None
    cost_usd: str | None


def request_record(request_id: str, rows: Iterable[StartedRow]) -> RequestRecord:
    records = tuple(_attempt(row) for row in sorted(rows, key=lambda row: row.number))
    costs = [record.cost for record in records if record.cost is not None]
    cost = sum(costs) if costs else None
    return RequestRecord(request_id=request_id, attempts=records, cost=cost, cost_usd=_usd(cost))


def _attempt(row: StartedRow) -> AttemptRecord:
    same: dict[str, Any] = {name: getattr(row, name, None) for name in _SAME}
    if not isinstance(row, AttemptRow):
        return AttemptRecord(**same)
    return AttemptRecord(**same, usage=_usage(row), cost_usd=_usd(row.cost), changes=_changes(row.changes))


_SAME = tuple({*AttemptRecord.__struct_fields__} & {*AttemptRow.__struct_fields__} - {"changes"})
_decode_changes = msgspec.json.Decoder(tuple[str, ...]).decode


def _changes(told: str | None) -> tuple[str, ...]:
    return () if told is None else _decode_changes(told)


def _usage(row: AttemptRow) -> Usage | None:
    if row.usage_source is None:
        return None
    return Usage(
        input=row.input or 0,
        output=row.output or 0,
        cached_input=row.cached_input or 0,
        cache_write=row.cache_write or 0,
        reasoning=row.reasoning or 0,
        audio_input=row.audio_input or 0,
        audio_output=row.audio_output or 0,
        image_input=row.image_input or 0,
        image_output=row.image_output or 0,
        source=row.usage_source,
    )


def _usd(cost: int | None) -> str | None:
    return None if cost is None else usd(cost)
