"""The audit log: every change of keys, users, teams, models and prices."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from turnout.gateway import Gateway
from turnout.server.control.cursors import listed, place_in
from turnout.server.control.periods import HOUR, period_of
from turnout.server.control.usage_questions import limit_of, refuse_unknown
from turnout.storage import AUDIT_FILTERS, AuditFilter, AuditRow

MOST_ROWS: Final = 500
_PARAMETERS: Final = {
    "from": "A date or a time. Default: the beginning.",
    "to": "A date, whose whole day counts, or a time. Default: now.",
    "limit": f"Changes of a page at most, 1 to {MOST_ROWS}. Default: 50.",
    "cursor": "The `next` of the page before.",
} | {name: f"Only changes with this {name}." for name in AUDIT_FILTERS}
_DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in _PARAMETERS.items()
    ]
}


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["audit"])

    @routes.get("/v1/audit", openapi_extra=_DOCUMENTED)
    async def list_changes(request: Request) -> Response:
        """Changes, newest first: when, by whom, what, before and after. Kept for good. Needs an auditor's key."""
        query = request.query_params
        refuse_unknown(query, _PARAMETERS)
        period = period_of(query.get("from"), query.get("to"))
        wanted = AuditFilter(
            begin=None if "from" not in query else period.begin * HOUR,
            end=None if "to" not in query else period.end * HOUR,
            only={name: query[name] for name in AUDIT_FILTERS if name in query},
        )
        before, limit = place_in(query.get("cursor"), int), limit_of(query, 50, MOST_ROWS)
        rows = await (await gateway.database.audit()).page(wanted, before, limit + 1)
        following = rows[limit - 1].number if len(rows) > limit else None
        return Response(listed([_told(row) for row in rows[:limit]], following), media_type="application/json")

    return routes


def _told(row: AuditRow) -> dict[str, Any]:
    sides = {
        name: None if text is None else msgspec.Raw(text.encode())
        for name, text in (("before", row.before), ("after", row.after))
    }
    return {"number": row.number, "time": row.time, "who": row.who, "action": row.action} | {
        "kind": row.kind,
        "subject": row.subject,
        **sides,
    }
