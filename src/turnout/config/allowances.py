"""Makes allowances from what the file or the API writes, and finds what is wrong with that.

``findings`` checks what a type can't say. The other functions take settings without findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from turnout.core import Account, Allowance, Budget, Limit, LimitUnit, Period, picodollars

from .allowance_settings import (
    LIMIT_PATTERN,
    LONGEST_WINDOW,
    AllowanceSettings,
    BudgetSettings,
    LimitText,
    LimitTexts,
    OperationLimits,
    PeriodBudgets,
    Usd,
)
from .mistakes import KeyPath
from .operation_names import ALL, operation_of
from .validation import Finding, expected

_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_NO_PERIOD: Final = "expected at least one of daily, monthly, total"
_PERIODS: Final[tuple[Period, ...]] = ("daily", "monthly", "total")

WrittenLimits = LimitTexts | OperationLimits | None
WrittenBudgets = Usd | PeriodBudgets | None


def account_of(settings: AllowanceSettings, team: str = "") -> Account:
    tags = frozenset(settings.tags)
    return Account(allowance=allowance_of(settings), team=team, tags=tags, metadata=settings.metadata)


def allowance_of(settings: AllowanceSettings) -> Allowance:
    return Allowance(
        models=tuple(settings.models),
        operations=_operations_of(settings.operations),
        limits=limits_of(settings.limits),
        budgets=budgets_of(settings.budget_usd),
    )


def _operations_of(names: Sequence[str]) -> frozenset[str]:
    return frozenset() if ALL in names else frozenset(map(operation_of, names))


def limits_of(written: WrittenLimits) -> tuple[Limit, ...]:
    return tuple([limit_of(text, operation_of(name)) for _, name, text in _each_text(written)])


def limit_of(text: str, operation: str = "") -> Limit:
    """``100000 tokens/5 minutes`` → at most 100,000 tokens in any 300 seconds. Raises ``ValueError``."""
    match = re.fullmatch(LIMIT_PATTERN, text)
    if match is None:
        raise ValueError(f"expected {expected(LimitText)}")
    most, unit, number, time = match.group(1, 3, 5, 6)
    kind: LimitUnit = "tokens" if (unit or "").startswith("token") else "requests"
    return Limit(kind, int(most), int(number or 1) * _SECONDS[time[0]], operation)


def budgets_of(written: WrittenBudgets) -> tuple[Budget, ...]:
    by_model = written.models if isinstance(written, BudgetSettings) else {}
    own = [Budget(most, period) for period, most in _each_period(written)]
    return (
        *own,
        *(Budget(most, period, model) for model, inner in by_model.items() for period, most in _each_period(inner)),
    )


def findings(settings: AllowanceSettings) -> Iterator[Finding]:
    """What no type can say: operations that don't exist, limits that contradict each other, budgets of nothing."""
    for number, name in enumerate(settings.operations):
        if problem := _operation_problem(name):
            yield Finding(("operations", number), problem)
    yield from limit_findings(settings.limits)
    yield from budget_findings(settings.budget_usd)


def limit_findings(written: WrittenLimits) -> Iterator[Finding]:
    """Their paths begin with ``limits``."""
    wrong = {
        name: problem
        for name in (written if isinstance(written, dict) else ())
        if (problem := _operation_problem(name))
    }
    yield from (Finding(("limits", name), problem) for name, problem in wrong.items())
    first: dict[tuple[str, str, int], str] = {}
    for place, name, text in _each_text(written):
        if name in wrong:
            continue
        if not re.fullmatch(LIMIT_PATTERN, text):
            yield Finding(("limits", *place), f"expected {expected(LimitText)}")
            continue
        limit = limit_of(text, operation_of(name))
        counted = (limit.operation, limit.unit, limit.seconds)
        if limit.seconds > LONGEST_WINDOW:
            yield Finding(("limits", *place), f"expected a time of at most {LONGEST_WINDOW // 86_400} days")
        elif counted not in first:
            first[counted] = name
        elif first[counted] == name:
            yield Finding(("limits", *place), "expected one limit for the same unit and time: keep the smaller one")
        else:
            problem = f"names the operation '{limit.operation or ALL}', as '{first[counted]}' does: keep one of the two"
            yield Finding(("limits", *place), problem)


def budget_findings(written: WrittenBudgets) -> Iterator[Finding]:
    """Their paths begin with ``budget_usd``."""
    by_model = written.models if isinstance(written, BudgetSettings) else {}
    if isinstance(written, PeriodBudgets) and not by_model and not budgets_of(written):
        yield Finding(("budget_usd",), _NO_PERIOD)
    for model, inner in by_model.items():
        if not budgets_of(inner):
            yield Finding(("budget_usd", "models", model), _NO_PERIOD)


def _operation_problem(name: str) -> str:
    try:
        operation_of(name)
    except ValueError as error:
        return str(error)
    return ""


def _each_text(written: WrittenLimits) -> Iterator[tuple[KeyPath, str, str]]:
    """The path below ``limits``, the name of the operation, and the text of each limit."""
    if isinstance(written, dict):
        for name, texts in written.items():
            for place, text in _numbered(texts):
                yield (name, *place), name, text
    elif written is not None:
        for place, text in _numbered(written):
            yield place, ALL, text


def _numbered(texts: LimitTexts) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(texts, str):
        yield (), texts
    else:
        for number, text in enumerate(texts):
            yield (number,), text


def _each_period(written: Usd | PeriodBudgets | None) -> Iterator[tuple[Period, int]]:
    """Each period with its picodollars. A number is the total."""
    if isinstance(written, PeriodBudgets):
        for period in _PERIODS:
            if (usd := getattr(written, period)) is not None:
                yield period, _picodollars(usd)
    elif written is not None:
        yield "total", _picodollars(written)


def _picodollars(usd: float) -> int:
    return picodollars(Decimal(repr(usd)))
