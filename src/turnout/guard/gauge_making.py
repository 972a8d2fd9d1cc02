"""Makes the gauges of an allowance, with their ids and their words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from turnout.core import Allowance, Budget, Limit, Period, usd

from .gauge_ids import BudgetId, path_of
from .gauges import Gauge, Scope

_ALL: Final = "all"  # no operation has this name
_PERIODS: Final[dict[Period, str]] = {"daily": "a day", "monthly": "a month", "total": "in all"}
_ONE: Final = {1: "a second", 60: "a minute", 3_600: "an hour", 86_400: "a day"}
_MANY: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


class Owner(NamedTuple):
    """Whose an allowance is. ``key_id`` is None unless each key has its own count. ``words``: ``the key 'batch'``."""

    scope: Scope
    name: str
    key_id: str | None
    words: str

    @property
    def path(self) -> str:
        """Part of a gauge's id."""
        return path_of(self.scope, self.name, self.key_id or "")


def gauges_of(owner: Owner, allowance: Allowance, model_name: Callable[[str], str | None]) -> Iterator[Gauge]:
    """``model_name`` gives the model of an alias: a budget for either is one for both."""
    for limit in allowance.limits:
        yield _of_limit(owner, limit)
    for budget in allowance.budgets:
        yield _of_budget(owner, budget, (model_name(budget.model) or budget.model) if budget.model else "")


def _of_limit(owner: Owner, limit: Limit) -> Gauge:
    kind = f"{limit.operation} {limit.unit}".strip()
    return Gauge(
        id=f"limit/{owner.path}/{limit.operation or _ALL}/{limit.unit}/{limit.seconds}",
        unit=limit.unit,
        most=limit.most,
        seconds=limit.seconds,
        says=f"{limit.most:,} {kind} {_window(limit.seconds)} for {owner.words}",
        scope=owner.scope,
        name=owner.name,
        key_id=owner.key_id or "",
        operation=limit.operation,
        model=_model_of(owner),
    )


def _of_budget(owner: Owner, budget: Budget, model: str) -> Gauge:
    with_model = f" with the model '{model}'" if model else ""
    return Gauge(
        id=BudgetId(owner.scope, owner.name, owner.key_id or "", budget.period, model).id,
        unit="usd",
        most=budget.most,
        period=budget.period,
        says=f"{Decimal(usd(budget.most)):,f} USD {_PERIODS[budget.period]} for {owner.words}{with_model}",
        scope=owner.scope,
        name=owner.name,
        key_id=owner.key_id or "",
        model=model or _model_of(owner),
    )


def _model_of(owner: Owner) -> str:
    return owner.name if owner.scope == "model" else ""


def _window(seconds: int) -> str:
    if seconds in _ONE:
        return _ONE[seconds]
    size, unit = next((size, unit) for size, unit in _MANY if seconds % size == 0)
    return f"in {seconds // size} {unit}"
