"""The bill of an attempt: what the provider reported, and an estimate of what it had no time to report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from turnout.core import ChatRequest, Finish, ImageRequest, Message, Outcome, Request, Text, Usage
from turnout.engine.billing import Bill, bill_of, bill_so_far
from turnout.engine.observing import AnswerObserver
from turnout.errors import TurnoutError, UpstreamBroken, UpstreamRefused
from turnout.tokens import TOKEN

REQUEST = ChatRequest(model="fast", messages=(Message("user", (Text("trains"),)),), stream=True)
WHOLE = ChatRequest(model="fast", messages=REQUEST.messages)
INPUT = 2
REPORT = Usage(input=50, output=10)


def bill(  # what an attempt is told by
    outcome: Outcome,
    weight: int,
    *,
    reported_at: int | None = None,
    finished: bool = False,
    status: int = 200,
    size: int = 0,
    media_type: str = "text/event-stream",
    error: TurnoutError | None = None,
    first_token: int | None = None,
    request: Request = REQUEST,
) -> Bill:
    """Of an answer of ``weight``, with a report in between."""
    observer = AnswerObserver(request, 0.0)
    if reported_at is not None:
        observer.usage.output_weight = reported_at
        observer.usage.report(REPORT)
    observer.usage.output_weight = weight
    observer.finish = Finish("stop", "stop") if finished else None
    observer.first_token = first_token
    source: Any = SimpleNamespace(status=status, size=size, headers={"content-type": media_type})
    return bill_of(request, outcome, source, observer, error)


@pytest.mark.parametrize(("weight", "output"), [(0, 0), (1, 1), (TOKEN, 1), (TOKEN + 1, 2)])
def test_without_a_report_the_whole_output_is_estimated(weight: int, output: int) -> None:
    assert bill("ok", weight, finished=True) == Bill(Usage(input=INPUT, output=output, source="estimated"), "text")


@pytest.mark.parametrize(("weight", "output"), [(0, 0), (TOKEN + 1, 2)])
@pytest.mark.parametrize("outcome", ["failed", "cut", "client_gone", "drained", "outrun"])
def test_an_answer_that_broke_off_is_billed_as_far_as_it_came(outcome: Outcome, weight: int, output: int) -> None:
    assert bill(outcome, weight) == Bill(Usage(input=INPUT, output=output, source="interrupted"), "until_cancel")


@pytest.mark.parametrize(
    ("outcome", "finished"),
    [
        pytest.param("ok", True, id="whole"),
        pytest.param("ok", False, id="whole-without-a-finish"),
        pytest.param("cut", True, id="cut-after-its-finish"),
        pytest.param("client_gone", True, id="left-after-its-finish"),
    ],
)
def test_the_report_holds(outcome: Outcome, finished: bool) -> None:
    assert bill(outcome, 5 * TOKEN, reported_at=2 * TOKEN, finished=finished) == Bill(REPORT, "report")


@pytest.mark.parametrize("outcome", ["failed", "cut", "client_gone"])
def test_what_came_after_the_report_of_a_broken_answer_is_estimated(outcome: Outcome) -> None:
    usage = Usage(input=50, output=13, source="interrupted")
    assert bill(outcome, 5 * TOKEN, reported_at=2 * TOKEN) == Bill(usage, "until_cancel")


@pytest.mark.parametrize(("weight", "output"), [(0, 0), (4 * TOKEN, 4)])
def test_output_that_was_reported_before_any_word_is_of_the_words_that_follow(weight: int, output: int) -> None:
    usage = Usage(input=50, output=output, source="interrupted")
    assert bill("cut", weight, reported_at=0) == Bill(usage, "until_cancel")


@pytest.mark.parametrize("status", [0, 302, 400, 429, 503])
@pytest.mark.parametrize("outcome", ["failed", "client_gone", "outrun"])
def test_a_provider_that_has_not_begun_to_answer_bills_nothing(outcome: Outcome, status: int) -> None:
    assert bill(outcome, 0, status=status) == Bill(None, "no_answer")


def test_an_error_in_place_of_an_answer_is_not_billed_whatever_its_status() -> None:
    error = UpstreamRefused(500, "Overloaded.")
    assert bill("failed", 0, size=100, error=error) == Bill(None, "no_answer")
    assert bill("failed", 0, size=100, error=error, reported_at=0).rule == "until_cancel"
    assert bill("cut", TOKEN, error=error, first_token=1).rule == "until_cancel"
    assert bill("failed", 0, size=100, error=UpstreamBroken("It broke off.")).rule == "until_cancel"


def test_a_web_page_is_no_answer() -> None:
    assert bill("failed", 0, size=100, media_type="text/html; charset=utf-8") == Bill(None, "no_answer")


def test_a_part_of_a_whole_reply_is_estimated_by_its_size() -> None:
    usage = Usage(input=INPUT, output=100, source="interrupted")
    assert bill("failed", 0, size=400, request=WHOLE) == Bill(usage, "until_cancel")


def test_nobody_can_say_what_a_part_of_a_picture_costs() -> None:
    assert bill("failed", 0, request=ImageRequest(model="m", prompt="a tram")) == Bill(None, "until_cancel")


def test_a_report_that_can_not_be_is_no_report() -> None:
    observer = AnswerObserver(REQUEST, 0.0)
    observer.usage.output_weight = TOKEN
    observer.usage.report(REPORT)
    observer.usage.output_weight = 3 * TOKEN
    observer.usage.report(Usage(input=-1, output=10))
    source: Any = SimpleNamespace(status=200, size=0, headers={})
    usage = Usage(input=50, output=12, source="interrupted")
    assert bill_of(REQUEST, "cut", source, observer) == Bill(usage, "until_cancel")


def so_far(
    weight: int, *, reported_at: int | None = None, status: int = 200, estimate: int | None = 9, finished: bool = False
) -> Bill:
    observer = AnswerObserver(REQUEST, 0.0)
    if reported_at is not None:
        observer.usage.output_weight = reported_at
        observer.usage.report(REPORT)
    observer.usage.output_weight = weight
    observer.finish = Finish("stop", "stop") if finished else None
    source: Any = SimpleNamespace(status=status, size=0, headers={})
    return bill_so_far(REQUEST, estimate, source, observer)


@pytest.mark.parametrize(
    ("bill", "usage", "rule"),
    [
        pytest.param(so_far(0, status=0), None, "no_answer", id="waiting"),
        pytest.param(so_far(0), Usage(input=9, source="interrupted"), "until_cancel", id="begun"),
        pytest.param(so_far(3 * TOKEN), Usage(input=9, output=3, source="interrupted"), "until_cancel", id="words"),
        pytest.param(so_far(0, estimate=None), None, "until_cancel", id="a-picture"),
        pytest.param(
            so_far(3 * TOKEN, reported_at=TOKEN),
            Usage(input=50, output=12, source="interrupted"),
            "until_cancel",
            id="words-after-a-report",
        ),
        pytest.param(so_far(3 * TOKEN, reported_at=3 * TOKEN, finished=True), REPORT, "report", id="whole"),
    ],
)
def test_the_bill_of_an_answer_under_way(bill: Bill, usage: Usage | None, rule: str) -> None:
    assert (bill.usage, bill.rule) == (usage, rule)
