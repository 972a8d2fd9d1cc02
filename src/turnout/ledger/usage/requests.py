"""The list of requests, and what each row of it says."""

from __future__ import annotations

from typing import Any

from turnout.core import EndedAttempt, usd
from turnout.storage import LazyDatabase, Place, RequestFilter

from .sums import Record


class RequestList:
    """Settled requests, newest first. Every call raises ``StorageUnavailable``."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def page(self, wanted: RequestFilter, after: Place | None, limit: int) -> tuple[list[Record], Place | None]:
        """The rows, and where the next page begins; None at the end. A page may have no rows before the end."""
        requests = await self._database.requests()
        page = await requests.page(wanted, after, limit)
        return [_row(request_id, attempts) for request_id, attempts in page.attempts.items()], page.following


def _row(request_id: str, attempts: list[EndedAttempt]) -> Record:
    """``deployment`` to ``error_code`` are those of the attempt that answered, else of the last one.

    Times are Unix microseconds, durations microseconds. ``total`` is from the first attempt's start to the end of the
    one that is shown. ``cost`` is the sum of what is known; ``tokens`` are those of all attempts.
    """
    attempts.sort(key=lambda attempt: attempt.start.number)
    first, shown = attempts[0].start, _shown(attempts)
    ends = [attempt.end for attempt in attempts if attempt.end is not None]
    costs = [end.cost for end in ends if end.cost is not None]
    usages = [end.usage for end in ends if end.usage is not None]
    cost = sum(costs) if costs else None
    return {
        "request_id": request_id,
        "started": first.started,
        "user": first.user,
        "key_id": first.key_id,
        "team": first.team,
        "session": first.session,
        "agent": first.agent,
        "end_user": first.end_user,
        "tags": first.tags,
        "dialect": first.dialect,
        "model": first.model,
        "stream": first.stream,
        "attempts": len(attempts),
        **_end_of(shown, first.started),
        "input": sum(usage.input for usage in usages) if usages else None,
        "output": sum(usage.output for usage in usages) if usages else None,
        "cost": cost,
        "cost_usd": None if cost is None else usd(cost),
    }


def _shown(attempts: list[EndedAttempt]) -> EndedAttempt:
    answered = [attempt for attempt in attempts if attempt.end is not None and attempt.end.outcome == "ok"]
    return answered[-1] if answered else attempts[-1]


def _end_of(shown: EndedAttempt, began: int) -> dict[str, Any]:
    start, end = shown.start, shown.end
    told = {"deployment": start.deployment, "provider": start.provider, "upstream_model": start.upstream_model}
    if end is None:
        nothing = dict.fromkeys(("operation", "finish", "first_token", "total", "error_code"))
        return told | {"outcome": "lost", "status": 0, "at_fault": "turnout"} | nothing
    return told | {
        "outcome": end.outcome,
        "status": end.status,
        "at_fault": end.at_fault,
        "operation": end.operation,
        "finish": end.finish,
        "first_token": end.first_token,
        "total": start.started - began + end.total,
        "error_code": end.error_code,
    }
