"""Usage by any dimensions, performance, forecasts and advice. Every call raises ``StorageUnavailable``."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from turnout.storage import LazyDatabase, UsageQuestion

from .advice import Advice, Pricing
from .forecast import HOURS_A_DAY, WINDOW_DAYS, forecast
from .performance import performance
from .sums import Record, Sums, hour_text, named_span, named_values, total_of


class ServiceStatistics(msgspec.Struct, frozen=True):
    """``days`` are ``2026-11-30`` and so on, oldest first; days without attempts are left out."""

    total: Sums
    models: dict[str, Sums]
    days: dict[str, Sums]


class Usage:
    """Questions to the rollups. Whose figures they are is a part of each question: ``only``."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def answer(self, question: UsageQuestion) -> Record:
        """The rows, and the ``total`` of the period, of which the rows may be a part: then ``complete`` is false.

        Raises ``InvalidRequest`` for dimensions that are not kept together.
        """
        questions = await self._database.usage()
        rows = await questions.sums(replace(question, limit=question.limit + 1))
        total = total_of(row.sums for row in await questions.sums(replace(question, by=(), span=None)))
        return _period(question) | {
            "complete": len(rows) <= question.limit,
            "data": [
                named_values(question.by, row.values) | named_span(question.span, row.span) | Sums(row.sums).record()
                for row in rows[: question.limit]
            ],
            "total": total.record(),
        }

    async def performance(self, question: UsageQuestion) -> Record:
        """Percentiles of times, and error rates by who was at fault. Raises ``InvalidRequest``."""
        questions = await self._database.usage()
        rows = await questions.sums(question)
        return _period(question) | {"data": performance(question, rows, await questions.latencies(question))}

    async def forecast(self, question: UsageQuestion, now: int) -> Record:
        """What the period of the question will have cost at its end. ``now`` is a Unix hour in it."""
        questions = await self._database.usage()
        so_far = total_of(row.sums for row in await questions.sums(replace(question, by=(), span=None, end=now + 1)))
        today = now // HOURS_A_DAY
        window = replace(
            question,
            by=(),
            span="day",
            begin=(today - WINDOW_DAYS) * HOURS_A_DAY,
            end=today * HOURS_A_DAY,
        )
        days = {row.span: Sums(row.sums) for row in await questions.sums(window) if row.span is not None}
        return _period(question) | forecast(so_far, days, now, question.end)

    async def advice(self, question: UsageQuestion, pricing: Pricing) -> Record:
        """What would have cost less. ``pricing`` is what tokens cost at a deployment now."""
        questions = await self._database.usage()
        advice = Advice(pricing)
        advice.compare(await questions.sums(replace(question, by=("operation", "deployment"), span=None)))
        advice.miss_caches(await questions.sums(replace(question, by=("session", "deployment"), span=None)))
        requests = await self._database.requests()
        advice.repeat(await requests.repeated(question.begin, question.end, question.only))
        return _period(question) | {"data": advice.given()}

    async def statistics(self, question: UsageQuestion) -> ServiceStatistics:
        """The model service's figures: by model, and by day."""
        questions = await self._database.usage()
        by_model = await questions.sums(replace(question, by=("model",), span=None))
        by_day = await questions.sums(replace(question, by=(), span="day"))
        return ServiceStatistics(
            total_of(row.sums for row in by_day),
            {row.values[0]: Sums(row.sums) for row in by_model},
            {named_span("day", row.span)["day"]: Sums(row.sums) for row in by_day},
        )


def _period(question: UsageQuestion) -> Record:
    return {"from": hour_text(question.begin), "to": hour_text(question.end)}
