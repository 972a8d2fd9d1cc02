"""Usage, performance, forecasts and advice, from the ledger's rollups (docs/usage.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from turnout.core import Usage
from turnout.gateway import Gateway
from turnout.server.access import caller_of
from turnout.server.control.deployment_rows import served_by
from turnout.server.control.one_at_a_time import OneAtATime
from turnout.server.control.periods import Calendar, period_of, present, this_hour
from turnout.server.control.usage_questions import (
    DIMENSIONS,
    SPANS,
    as_csv,
    kept_to,
    own,
    question_of,
    refuse_unknown,
    wants_csv,
)
from turnout.storage import UsageQuestion

_PERIOD: Final = {
    "from": "A date, whose whole day counts, or a time. Default: 30 days before the end.",
    "to": "As `from`; it ends the period. Default: now.",
}


def _documented(parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
            for name, text in parameters.items()
        ]
    }


_QUESTION: Final = _documented(
    _PERIOD
    | {"by": f"At most two of {', '.join((*DIMENSIONS, *SPANS))}, with a comma between them."}
    | {"limit": "Rows at most, 1 to 10000. Default: 1000."}
    | {name: f"Only of this {name}." for name in DIMENSIONS.values()}
)


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(prefix="/v1/usage", tags=["usage"])
    _add_figures(routes, gateway)
    _add_advice(routes, gateway, one_at_a_time)
    return routes


def _add_figures(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get("", openapi_extra=_QUESTION)
    async def get_usage(request: Request) -> Response:
        """Requests, tokens and cost by any two dimensions. A user sees their own, an auditor all.

        With `accept: text/csv`, the rows as CSV.
        """
        answer = await gateway.usage.answer(question_of(request, caller_of(request)))
        return _answer(request, answer)

    @routes.get("/performance", openapi_extra=_QUESTION)
    async def get_performance(request: Request) -> Response:
        """Times and error rates, by deployment if nothing else is said. Needs an auditor's key.

        Times are kept by model, provider, deployment and operation. Percentiles are less than 5 % off.
        """
        question = question_of(request, caller_of(request))
        if "by" not in request.query_params:
            question = msgspec.structs.replace(question, by=("deployment",))
        return _answer(request, await gateway.usage.performance(question))


def _add_advice(routes: APIRouter, gateway: Gateway, one_at_a_time: OneAtATime) -> None:
    @routes.get("/forecast")
    async def get_forecast(
        request: Request,
        period: Annotated[
            Calendar, Query(description="the present day, week (from Monday) or month, in UTC")
        ] = "month",
    ) -> Response:
        """What the present period will have cost at its end, by the last seven days."""
        begin, end = present(period, datetime.now(UTC))
        only = kept_to(caller_of(request), {})
        question = UsageQuestion(begin=begin, end=end, only=only)
        return _json(await gateway.usage.forecast(question, this_hour()))

    @routes.get("/advice", openapi_extra=_documented(_PERIOD))
    async def get_advice(request: Request) -> Response:
        """What would have cost less: a cheaper deployment with the same success, missed prompt caches, repeated
        questions. What saves most comes first.
        """
        query = request.query_params
        refuse_unknown(query, {"from", "to"})
        begin, end = period_of(query.get("from"), query.get("to"))
        snapshot = gateway.snapshot
        deployments = (await one_at_a_time(lambda: served_by(snapshot))).deployments

        def cost_at(deployment: str, usage: Usage) -> int | None:
            price = deployments[deployment].price if deployment in deployments else None
            return None if price is None or not price.covers(usage) else price.cost(usage)

        question = UsageQuestion(begin=begin, end=end, only=own(caller_of(request)), limit=10_000)
        return _json(await gateway.usage.advice(question, cost_at))


def _answer(request: Request, answer: dict[str, Any]) -> Response:
    if not wants_csv(request):
        return _json(answer)
    return Response(as_csv(answer["data"]), media_type="text/csv; charset=utf-8")


def _json(answer: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
