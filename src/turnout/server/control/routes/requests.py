"""Requests, from the ledger: their list, and the whole story of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from turnout.errors import NotFound
from turnout.gateway import Gateway
from turnout.server.access import caller_of, key_of
from turnout.server.control.cursors import listed, place_in
from turnout.server.control.periods import HOUR, period_of
from turnout.server.control.usage_questions import kept_to, limit_of, refuse_unknown
from turnout.storage import FILTERS, Place, RequestFilter

MOST_ROWS: Final = 500
_MICROSECONDS: Final = HOUR * 1_000_000

_PARAMETERS: Final = {
    "from": "A date or a time. Default: the beginning.",
    "to": "A date, whose whole day counts, or a time. Default: now.",
    "limit": f"Requests of a page at most, 1 to {MOST_ROWS}. Default: 50.",
    "cursor": "The `next` of the page before.",
} | {name: f"Only requests with an attempt that has this {name}." for name in FILTERS}
_DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in _PARAMETERS.items()
    ]
}


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["ledger"])

    @routes.get("/v1/requests", openapi_extra=_DOCUMENTED)
    async def list_requests(request: Request) -> Response:
        """Settled requests, newest first. A user sees their own, an auditor all.

        `next` is the cursor of the following page, null at the end. All filters are about one attempt. A page looks at
        20,000 requests at most, so it may be short or empty before the end.
        """
        query = request.query_params
        refuse_unknown(query, _PARAMETERS)
        only = {name: query[name] for name in FILTERS if name in query}
        wanted = _filter(query, kept_to(caller_of(request), only))
        limit = limit_of(query, 50, MOST_ROWS)
        rows, following = await gateway.requests.page(wanted, place_in(query.get("cursor"), Place), limit)
        return Response(listed(rows, following), media_type="application/json")

    @routes.get("/v1/requests/{request_id}")
    async def get_request(request_id: str, request: Request) -> dict[str, Any]:
        """All attempts of a request with tokens, cost and timings. A key sees its own requests, an auditor's all."""
        key, sees_all = key_of(request), caller_of(request).auditor
        record = await gateway.ledger.request(request_id)
        if record is None or not (sees_all or all(attempt["key_id"] == key.id for attempt in record.attempts)):
            raise NotFound(f"There is no request '{request_id}' of this key in the ledger.")
        body: dict[str, Any] = msgspec.to_builtins(record)
        return body

    return routes


def _filter(query: Mapping[str, str], only: Mapping[str, str]) -> RequestFilter:
    """Without a beginning or an end, none is looked for: what comes now is the first row."""
    begin, end = query.get("from"), query.get("to")
    period = period_of(begin, end)
    return RequestFilter(
        begin=None if begin is None else period.begin * _MICROSECONDS,
        end=None if end is None else period.end * _MICROSECONDS,
        only=only,
    )
