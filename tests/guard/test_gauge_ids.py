"""Ids of budgets say all that the ledger has to be asked, whatever names are like."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from turnout.core import Allowance, Budget, Period
from turnout.guard.gauge_ids import BudgetId, budget_of
from turnout.guard.gauge_making import Owner, gauges_of
from turnout.guard.gauges import Scope
from turnout.guard.periods import BudgetPeriod, period_of
from turnout.guard.settled import spending_of
from turnout.storage import Spending

names = st.text() | st.text("/@%:+ aé", max_size=6) | st.sampled_from(["\ud800", "daily", "a/daily", "%2F", "a@1"])
periods = st.sampled_from(["daily", "monthly", "total"])
FOR_EACH_KEY = ("all", "key", "tier")


@example("tier", "daily", "daily", "total", "")
@given(st.sampled_from(["all", "key", "user", "team", "tier", "model"]), names, names, periods, names)
def test_an_id_is_read_as_it_was_made(scope: Scope, name: str, key_id: str, period: Period, model: str) -> None:
    name = {"all": "", "key": key_id}.get(scope, name)
    owner = Owner(scope, name, key_id if scope in FOR_EACH_KEY else None, "somebody")
    (gauge,) = gauges_of(owner, Allowance(budgets=(Budget(5, period, model),)), lambda name: name)
    read = budget_of(period_of(BudgetPeriod(gauge.id, 86_400).name).gauge)
    assert read == BudgetId(scope, name, gauge.key_id, period, model)
    assert (read.id, read.key_id) == (gauge.id, owner.key_id or "")


@pytest.mark.parametrize(
    "id_",
    ["", "budget", "budget/team", "budget/team/blue", "budget/team/blue/yearly", "budget/team/a/b/daily",
     "budget/x/a/daily", "limit/team/blue/daily", "budget/tier/gold/daily", "budget/team/blue/daily/m/n"],
)  # fmt: skip
def test_what_is_no_budget_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="no budget's id"):
        budget_of(id_)


NOVEMBER = 1_793_491_200  # 2026-11-01
DAY = 86_400


@pytest.mark.parametrize(
    ("period", "asked"),
    [
        (("budget/key/k%2F1/daily", NOVEMBER), ("key_id", "k/1", "", 20_758, 20_759)),
        (("budget/tier/gold/k1/monthly", NOVEMBER), ("key_id", "k1", "", 20_758, 20_788)),
        (("budget/user/alice/total", 0), ("user", "alice", "", 0, None)),
        (("budget/team/blue/monthly/fast", NOVEMBER), ("team", "blue", "fast", 20_758, 20_788)),
        (("budget/model/fast/daily", NOVEMBER + 3 * DAY), (None, "", "fast", 20_761, 20_762)),
        (("budget/key//total", 0), ("key_id", "", "", 0, None)),
    ],
)
def test_what_the_ledger_is_asked_of_a_budget(period: tuple[str, int], asked: tuple[object, ...]) -> None:
    assert spending_of(BudgetPeriod(*period)) == Spending(*asked)  # type: ignore[arg-type]
