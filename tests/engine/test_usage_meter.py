"""The usage of an attempt: what the provider reported, and an estimate of what it had no time to report."""

from __future__ import annotations

import pytest

from turnout.core import ChatRequest, Message, Outcome, Text, Usage
from turnout.engine.usage_meter import UsageMeter
from turnout.tokens import TOKEN

REQUEST = ChatRequest(model="fast", messages=(Message("user", (Text("trains"),)),))
INPUT = 2
REPORT = Usage(input=50, output=10)


def meter(weight: int, *, reported_at: int | None = None) -> UsageMeter:
    """An answer of ``weight``, with a report in between."""
    made = UsageMeter()
    if reported_at is not None:
        made.output_weight = reported_at
        made.report(REPORT)
    made.output_weight = weight
    return made


@pytest.mark.parametrize(("weight", "output"), [(0, 0), (1, 1), (TOKEN, 1), (TOKEN + 1, 2)])
@pytest.mark.parametrize("outcome", ["ok", "cut", "client_gone"])
def test_without_a_report_the_whole_output_is_estimated(outcome: Outcome, weight: int, output: int) -> None:
    usage = meter(weight).total(REQUEST, outcome, finished=outcome == "ok")
    assert usage == Usage(input=INPUT, output=output, source="estimated")


@pytest.mark.parametrize(
    ("outcome", "finished"),
    [
        pytest.param("ok", True, id="whole"),
        pytest.param("ok", False, id="whole-without-a-finish"),
        pytest.param("cut", True, id="cut-after-its-finish"),
        pytest.param("client_gone", True, id="left-after-its-finish"),
        pytest.param("failed", False, id="failed"),
    ],
)
def test_the_report_holds(outcome: Outcome, finished: bool) -> None:
    assert meter(5 * TOKEN, reported_at=2 * TOKEN).total(REQUEST, outcome, finished=finished) == REPORT


@pytest.mark.parametrize("outcome", ["cut", "client_gone"])
def test_what_came_after_the_report_of_a_broken_answer_is_estimated(outcome: Outcome) -> None:
    usage = meter(5 * TOKEN, reported_at=2 * TOKEN).total(REQUEST, outcome, finished=False)
    assert usage == Usage(input=50, output=13, source="estimated")


def test_an_attempt_that_failed_without_a_report_used_nothing_known() -> None:
    assert meter(0).total(REQUEST, "failed", finished=False) is None


def test_a_report_that_can_not_be_is_no_report() -> None:
    counted = meter(TOKEN, reported_at=TOKEN)
    counted.output_weight = 3 * TOKEN
    counted.report(Usage(input=-1, output=10))
    usage = counted.total(REQUEST, "cut", finished=False)
    assert usage == Usage(input=50, output=12, source="estimated")
