"""What the board knows of a deployment after some attempts."""

from __future__ import annotations

import pytest
from msgspec import structs

from turnout.core import Secret, Usage
from turnout.errors import (
    AnswersDiffer,
    ProviderWords,
    ReplyTooLarge,
    TurnoutError,
    UnknownModel,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnauthenticated,
    UpstreamUnreachable,
)
from turnout.routing import Board, Ending, Fault, fault_of
from turnout.routing.board import MOST_DEPLOYMENTS

from .support import Clock, board_of_seed, deployment

A = deployment("a")


def answer(first: float = 0.5, total: float = 2.5, output: int = 100, confidence: float | None = None) -> Ending:
    usage = Usage(input=10, output=output)
    return Ending(outcome="ok", status=200, first_token=first, total=total, usage=usage, confidence=confidence)


def failure(fault: Fault = "failing", total: float = 0.01) -> Ending:
    return Ending(outcome="failed", total=total, fault=fault)


def after(*endings: Ending, board: Board | None = None) -> Board:
    board = board or board_of_seed(1)
    for ending in endings:
        board.began(A)
        board.ended(A, ending)
    return board


def test_attempts_in_flight_and_requests_that_wait() -> None:
    board = board_of_seed(1)
    board.began(A)
    board.began(A)
    board.waiting(A, 3)
    assert (board.of(A).in_flight, board.of(A).queued) == (2, 3)
    board.ended(A, answer())
    board.waiting(A, 0)
    assert (board.of(A).in_flight, board.of(A).queued) == (1, 0)


def test_an_answer_tells_times_and_tokens() -> None:
    board = after(answer())
    figures = board.of(A)
    assert figures.learned.first_token.at(board.now()) == 0.5
    assert figures.learned.per_token.at(board.now()) == pytest.approx(0.02)
    assert figures.learned.output.value == 100


def test_a_whole_reply_tells_no_time_to_its_first_token() -> None:
    board = after(structs.replace(answer(total=4.0), first_token=None))
    assert board.of(A).learned.first_token.at(board.now()) is None
    assert board.of(A).learned.per_token.at(board.now()) == pytest.approx(0.04)


def test_a_slow_answer_counts_at_once_and_fades_away() -> None:
    clock = Clock()
    board = after(answer(first=0.2), answer(first=4.0), answer(first=0.2), board=board_of_seed(1, clock))
    assert board.of(A).learned.first_token.at(clock()) == 4.0
    clock.time += 10
    assert board.of(A).learned.first_token.at(clock()) == pytest.approx(4.0 / 2.718, rel=0.01)
    after(answer(first=0.2), board=board)
    assert board.of(A).learned.first_token.at(clock()) == pytest.approx(4.0 / 2.718 + 0.2 * 0.632, rel=0.01)


def test_a_quick_failure_counts_as_a_slow_answer() -> None:
    board = after(answer(), failure("throttled"))
    assert board.of(A).learned.first_token.at(board.now()) == A.timeouts.first_token


@pytest.mark.parametrize(
    "ending", [failure("request"), Ending(outcome="client_gone", total=0.1)], ids=["request", "client"]
)
def test_what_is_not_the_deployments_fault_says_nothing(ending: Ending) -> None:
    board = after(ending)
    figures = board.of(A)
    assert figures.learned.first_token.at(board.now()) is None
    assert (figures.in_flight, figures.learned.trust.at(board.now())) == (0, (1, 1))


def mean(board: Board) -> float:
    good, bad = board.of(A).learned.trust.at(board.now())
    return good / (good + bad)


def test_trust_follows_success_and_confidence_and_forgets() -> None:
    assert mean(after(*[answer()] * 8, *[failure()] * 2)) == pytest.approx(9 / 12, abs=0.01)
    assert mean(after(*[answer(confidence=0.25)] * 100)) == pytest.approx(0.25, abs=0.02)
    assert mean(after(*[failure()] * 5000, *[answer()] * 5000)) > 0.9


def test_trust_forgets_with_time_too() -> None:
    clock = Clock()
    board = after(*[failure()] * 100, board=board_of_seed(1, clock))
    assert mean(board) < 0.02
    clock.time += 4 * 3600
    assert mean(board) == pytest.approx(0.5, abs=0.01)


def test_the_share_of_the_input_that_was_cached() -> None:
    half = Ending(outcome="ok", total=1.0, usage=Usage(input=1000, cached_input=500, output=1))
    assert after(half, half).of(A).learned.cached.value == 0.5


def test_figures_begin_anew_with_another_key_or_address_and_not_with_another_weight() -> None:
    first = structs.replace(A, api_key=Secret("one"), base_url="http://one")
    board = board_of_seed(1)
    board.began(first)
    assert board.of(structs.replace(first, weight=7, api_key=Secret("one"))).in_flight == 1
    assert board.of(structs.replace(first, api_key=Secret("two"))).in_flight == 0
    assert board.of(structs.replace(first, base_url="http://two")).in_flight == 0
    board.ended(first, answer())
    assert board.of(first).in_flight == 0


def test_what_was_unused_for_longest_is_forgotten_but_nothing_in_flight() -> None:
    clock = Clock()
    board = board_of_seed(1, clock)
    board.began(A)
    for number in range(MOST_DEPLOYMENTS):
        clock.time += 1
        after_one = deployment(f"d{number}")
        board.began(after_one)
        board.ended(after_one, answer())
    last = deployment(f"d{MOST_DEPLOYMENTS - 1}")
    assert board.of(A).in_flight == 1
    assert board.of(last).learned.output.value == 100
    assert board.of(deployment("d0")).learned.output.value is None


def refusal(status: int, kind: str = "") -> UpstreamRefused:
    return UpstreamRefused(status, "no", words=ProviderWords(kind=kind))  # type: ignore[arg-type]  # a table of words


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (None, None),
        (UnknownModel("x"), None),
        (UpstreamTimeout("no answer"), "silent"),
        (UpstreamUnreachable("no connection"), "unreachable"),
        (UpstreamBroken("cut"), "broken"),
        (ReplyTooLarge("too large"), "request"),
        (AnswersDiffer("another answer"), "request"),
        (refusal(500), "failing"),
        (refusal(408), "failing"),
        (refusal(429), "throttled"),
        (refusal(503, "overloaded"), "throttled"),
        (refusal(429, "quota"), "locked"),
        (UpstreamUnauthenticated(401, "no"), "locked"),
        (refusal(402), "locked"),
        (refusal(404, "model_not_found"), "locked"),
        (refusal(404), "request"),
        (refusal(403), "request"),
        (refusal(400), "request"),
        (refusal(400, "context"), "request"),
        (refusal(500, "content_filter"), "request"),
    ],
    ids=str,
)
def test_the_kind_of_a_failure(error: TurnoutError | None, fault: Fault | None) -> None:
    assert fault_of(error) == fault


def test_what_nobody_asks_about_is_bounded() -> None:
    board = Board(Clock())
    for _ in range(1000):
        board.began(A)
        board.ended(A, Ending(outcome="ok", total=1.0, usage=Usage(input=1, output=1)))
    good, bad = board.of(A).learned.trust.at(board.now())
    assert 100 < good < 130
    assert bad == 1
