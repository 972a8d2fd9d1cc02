"""The model service's usage: by user and dates, in its own shape."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Raw

from turnout.core import usd
from turnout.gateway import Gateway
from turnout.server.access import caller_of
from turnout.server.control.periods import period_of
from turnout.server.control.usage_questions import MOST_ROWS, kept_to
from turnout.storage import UsageQuestion

UserId = Annotated[str | None, Query(description="Default: your own, an auditor's: all users.")]
StartDate = Annotated[str | None, Query(description="A date, the first day. Default: 30 days before the end.")]
EndDate = Annotated[str | None, Query(description="A date, the last day. Default: today.")]

_EMBEDDINGS: Final = {"operation": "embeddings"}


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(prefix="/v1/llm", tags=["usage"])

    @routes.get("/usage")
    async def get_llm_usage(
        request: Request, user_id: UserId = None, start_date: StartDate = None, end_date: EndDate = None
    ) -> Response:
        """Requests, tokens and cost of a user, by model and by day. Embeddings count, too."""
        return await statistics(request, user_id, start_date, end_date, {})

    @routes.get("/embedding-usage")
    async def get_embedding_usage(
        request: Request, user_id: UserId = None, start_date: StartDate = None, end_date: EndDate = None
    ) -> Response:
        """The same of embeddings alone."""
        return await statistics(request, user_id, start_date, end_date, _EMBEDDINGS)

    async def statistics(
        request: Request, user_id: str | None, start: str | None, end: str | None, only: dict[str, str]
    ) -> Response:
        begin, before = period_of(start, end, ("start_date", "end_date"))
        of_user = {} if user_id is None else {"user": user_id}
        kept = kept_to(caller_of(request), only | of_user)
        question = UsageQuestion(begin=begin, end=before, only=kept, limit=MOST_ROWS)
        found = await gateway.usage.statistics(question)
        body: dict[str, Any] = {
            "total_requests": found.total["requests"],
            "total_tokens": found.total.tokens,
            "total_cost": _usd(found.total.cost),
            "requests_by_model": {model: sums["requests"] for model, sums in found.models.items()},
            "cost_by_model": {model: _usd(sums.cost) for model, sums in found.models.items()},
            "daily_usage": [
                {"date": date, "requests": sums["requests"], "cost": _usd(sums.cost)}
                for date, sums in found.days.items()
            ],
        }
        return Response(msgspec.json.encode(body), media_type="application/json")

    return routes


def _usd(picodollars: int) -> Raw:
    """A JSON number with all its digits, as the service's other costs."""
    return Raw(usd(picodollars).encode())
