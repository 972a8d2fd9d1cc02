"""Reads questions about usage from a query, and keeps each caller to what is the caller's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import Request

from turnout.errors import Forbidden, InvalidRequest
from turnout.server.access import Caller
from turnout.storage import Span, UsageQuestion

from .periods import Period, period_of

DIMENSIONS: Final[Mapping[str, str]] = {
    "user": "user",
    "key": "key_id",
    "team": "team",
    "model": "model",
    "provider": "provider",
    "deployment": "deployment",
    "session": "session",
    "agent": "agent",
    "tag": "tag",
    "operation": "operation",
}
"""What people ask by, and the ledger's name of it. Filters have the ledger's name: ``?key=`` is a secret in an SDK."""

SPANS: Final[Mapping[str, Span]] = {"day": "day", "hour": "hour"}
MOST_ROWS: Final = 10_000


def own(caller: Caller) -> dict[str, str]:
    """What a caller's figures are kept to: an auditor's to nothing, others' to their user, else to their key."""
    if caller.auditor:
        return {}
    if caller.key is None:
        raise Forbidden("This needs an API key.")
    return {"user": caller.key.user} if caller.key.user else {"key_id": caller.key.id}


def kept_to(caller: Caller, only: Mapping[str, str]) -> dict[str, str]:
    """``only``, and what is the caller's own. Raises ``Forbidden`` for what is somebody else's."""
    of_caller = own(caller)
    for name, value in of_caller.items():
        if only.get(name, value) != value:
            raise Forbidden("This API key sees its own usage only. The key of an admin or an auditor sees everybody's.")
    return {**only, **of_caller}


def question_of(request: Request, caller: Caller) -> UsageQuestion:
    """The question in the query. Raises ``InvalidRequest`` and ``Forbidden``."""
    query = request.query_params
    refuse_unknown(query, {"from", "to", "by", "limit", *DIMENSIONS.values()})
    period = period_of(query.get("from"), query.get("to"))
    only = {name: query[name] for name in DIMENSIONS.values() if name in query}
    return asked(period, query.get("by", ""), kept_to(caller, only), limit_of(query, 1000, MOST_ROWS))


def asked(period: Period, by: str, only: Mapping[str, str], limit: int) -> UsageQuestion:
    names = [name for name in by.split(",") if name]
    spans = [SPANS[name] for name in names if name in SPANS]
    for name in names:
        if name not in DIMENSIONS and name not in SPANS:
            known = ", ".join((*DIMENSIONS, *SPANS))
            raise InvalidRequest(f"Usage is not kept by '{name[:100]}'. It is kept by {known}.", param="by")
    if len(names) > 2 or len(names) != len(set(names)) or len(spans) > 1:
        raise InvalidRequest("Usage can be asked by two different things at most, one of them a time.", param="by")
    return UsageQuestion(
        begin=period.begin,
        end=period.end,
        by=tuple(DIMENSIONS[name] for name in names if name in DIMENSIONS),
        span=spans[0] if spans else None,
        only=only,
        limit=limit,
    )


def refuse_unknown(query: Mapping[str, str], known: Iterable[str]) -> None:
    """A misspelt filter would filter nothing."""
    known = set(known)
    for name in query:
        if name not in known:
            raise InvalidRequest(
                f"There is no parameter '{name[:100]}' here. There are {', '.join(sorted(known))}.", param=name[:100]
            )


def limit_of(query: Mapping[str, str], default: int, most: int) -> int:
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise InvalidRequest(f"'limit' is a number from 1 to {most}.", param="limit")
    return int(text[:9])


def wants_csv(request: Request) -> bool:
    return any("text/csv" in accepted for accepted in request.headers.getlist("accept"))


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """A line of titles and a line for each row; nested fields get a title such as ``tokens_input``."""
    flat = [dict(_flat(row)) for row in rows]
    text = io.StringIO()
    if flat:
        writer = csv.DictWriter(text, flat[0])
        writer.writeheader()
        writer.writerows(flat)
    return text.getvalue()


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}", _cell(value)


def _cell(value: object) -> object:
    """A spreadsheet would run a text that begins like this as a formula, and clients choose texts."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
