"""The breaker, in simulated time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from turnout.core import Outcome, Secret
from turnout.errors import NoDeployment
from turnout.routing import Board, Breaker, Candidate, Ending, Fault, HealthRules
from turnout.routing.planner import outline, plan

from .support import Clock, answer, asking, deployment, find_nothing, happened, ids, model, priced

A, B = deployment("a"), deployment("b")
OK = Ending(outcome="ok", total=1.0)
FAULTS: Sequence[Fault] = ("silent", "unreachable", "broken", "failing", "throttled", "locked")


class Place:
    """A board in simulated time, with the deployments ``a`` and ``b`` in this order."""

    def __init__(self, rules: HealthRules | None = None) -> None:
        self.clock = Clock()
        self.board = Board(self.clock, random.Random(1), rules)  # noqa: S311  # the same lots in each run
        self.model = model(A, B)

    @property
    def breaker(self) -> Breaker:
        breaker = self.board.of(A).breaker
        assert breaker is not None
        return breaker

    def state(self) -> str:
        return self.breaker.state

    def plan(self) -> Sequence[Candidate]:
        return plan(self.model, asking(), self.board, find_nothing).candidates

    def first(self) -> str:
        return self.plan()[0].deployment.id

    def attempt(self, fault: Fault | None = None, retry_after: float | None = None, times: int = 1) -> None:
        for _ in range(times):
            ticket = self.board.began(A)
            self.end(ticket, fault, retry_after)

    def end(self, ticket: int, fault: Fault | None = None, retry_after: float | None = None) -> None:
        outcome: Outcome = "ok" if fault is None else "failed"
        self.board.ended(A, Ending(outcome=outcome, total=0.1, fault=fault, retry_after=retry_after, ticket=ticket))

    def open(self) -> None:
        self.attempt("failing", times=5)
        assert self.state() == "open"

    def wait_for_pause(self) -> None:
        self.clock.time = self.breaker.until


def test_failures_in_a_row_open_it_and_an_open_one_comes_last_with_its_reason() -> None:
    place = Place()
    place.attempt("silent", times=4)
    assert place.first() == "a"
    place.attempt("silent")
    place.clock.time += 2
    last = place.plan()[-1]
    assert (last.deployment, last.reason) == (
        A,
        "number 1 as written; open for 2 s: it did not answer in time, 5 times in a row",
    )


def test_an_answer_between_begins_the_row_anew() -> None:
    place = Place()
    for _ in range(9):
        place.attempt("failing", times=4)
        place.attempt()
        place.clock.time += 61  # so that the share doesn't open it
    assert place.first() == "a"


def test_a_large_share_of_failures_opens_it_too() -> None:
    place = Place()
    for _ in range(9):
        place.attempt("failing")
        place.attempt()
    assert place.state() == "closed"
    place.attempt("failing")
    assert (place.state(), place.breaker.reason) == ("open", "it reports errors, 10 of 19 times")


def test_a_small_share_does_not_open_it() -> None:
    place = Place()
    for _ in range(200):
        place.attempt("failing")
        place.attempt(times=2)
        place.clock.time += 1
    assert place.state() == "closed"


@pytest.mark.parametrize(
    "ending",
    [Ending(outcome="client_gone", total=1), Ending(outcome="failed", total=1, fault="request")],
    ids=["client", "request"],
)
def test_what_is_not_its_fault_opens_nothing(ending: Ending) -> None:
    place = Place()
    for _ in range(50):
        place.board.began(A)
        place.board.ended(A, ending)
    assert (place.board.of(A).breaker, place.board.breakers) == (None, {})


def test_a_refused_key_opens_it_at_once() -> None:
    place = Place()
    place.attempt("locked")
    assert place.first() == "b"
    assert place.breaker.until - place.clock() >= 20


def test_a_provider_that_asks_to_wait_is_left_alone_for_exactly_so_long() -> None:
    place = Place()
    place.attempt("throttled", retry_after=17.0)
    place.clock.time += 16.999
    assert place.first() == "b"
    assert "too many requests, and asked to wait 17 s" in place.plan()[-1].reason
    place.clock.time += 0.001
    assert place.first() == "a"


def test_without_a_wait_the_pauses_grow_to_a_bound_and_are_not_all_the_same() -> None:
    place, pauses = Place(HealthRules(longest_pause=60)), []
    for _ in range(9):
        place.attempt("throttled")
        pauses.append(place.breaker.until - place.clock())
        place.wait_for_pause()
        place.plan()
    for doubled, pause in enumerate(pauses):
        assert pause == pytest.approx(min(2**doubled, 60), rel=0.26)
    assert len(set(pauses)) == 9


def test_one_request_at_a_time_tries_again() -> None:
    place = Place()
    place.open()
    place.wait_for_pause()
    probe = place.plan()[0]
    assert probe.deployment == A
    assert "tried again: open for" in probe.reason
    assert [place.first() for _ in range(3)] == ["b", "b", "b"]
    ticket = place.board.began(A)
    assert place.first() == "b"
    place.end(ticket)
    assert place.state() == "returning"


def test_who_only_looks_claims_no_probe() -> None:
    place = Place()
    place.open()
    place.wait_for_pause()
    for _ in range(2):
        assert ids(outline(place.model, asking(), place.board, find_nothing).candidates) == ["a", "b"]
        assert ids(plan(place.model, asking(), place.board, find_nothing, probes=False).candidates) == ["a", "b"]
    assert place.first() == "a"


def test_a_claim_that_comes_to_nothing_ends_after_a_while() -> None:
    place = Place()
    place.open()
    place.wait_for_pause()
    place.plan()
    place.clock.time += 29
    assert place.first() == "b"
    place.clock.time += 1
    assert place.first() == "a"


def test_a_probe_that_fails_opens_it_for_longer() -> None:
    place = Place()
    place.open()
    first = place.breaker.until - place.clock()
    place.wait_for_pause()
    place.plan()
    place.attempt("failing")
    assert place.state() == "open"
    assert place.breaker.until - place.clock() > first * 1.1


def test_a_probe_that_another_attempt_outran_was_silent() -> None:
    place = Place()
    place.open()
    place.wait_for_pause()
    place.plan()
    place.board.ended(A, Ending(outcome="outrun", total=3.0, ticket=place.board.began(A)))
    assert place.state() == "open"
    assert place.first() == "b"


def test_a_probe_that_says_nothing_is_followed_by_another() -> None:
    place = Place()
    place.open()
    place.wait_for_pause()
    place.plan()
    place.attempt("request")
    assert place.state() == "half_open"
    assert place.first() == "a"


def test_attempts_from_before_an_opening_say_nothing_about_the_time_after_it() -> None:
    place = Place()
    slow = [place.board.began(A) for _ in range(7)]
    place.open()
    for ticket in slow[:3]:
        place.end(ticket)
    assert place.state() == "open"
    place.wait_for_pause()
    place.plan()
    for ticket in slow[3:]:
        place.end(ticket, "silent")
    assert place.state() == "half_open"
    place.attempt()
    assert place.state() == "returning"


def test_a_last_resort_that_answers_brings_it_back() -> None:
    place = Place()
    place.open()
    place.attempt()
    assert place.state() == "returning"


def test_its_share_rises_until_it_has_all() -> None:
    place = Place()
    place.open()
    place.attempt()
    shares = []
    for _ in range(4):
        shares.append(sum(place.first() == "a" for _ in range(1000)) / 1000)
        place.clock.time += 10
    assert shares == pytest.approx([0.1, 0.4, 0.7, 1.0], abs=0.05)
    assert place.breaker.state_at(place.clock()) == "closed"


def test_two_failures_on_its_way_back_open_it() -> None:
    place = Place()
    place.open()
    place.attempt()
    place.attempt("failing")
    assert place.state() == "returning"
    place.attempt("failing")
    assert place.state() == "open"


def test_long_after_an_outage_the_pauses_begin_small_again() -> None:
    place = Place()
    for _ in range(5):
        place.open()
        place.wait_for_pause()
        place.attempt()
    assert place.breaker.until - place.breaker.since < 150
    place.clock.time += 400
    place.open()
    assert place.breaker.until - place.clock() < 7


def test_an_admins_mark_counts_more() -> None:
    place = Place()
    place.board.marks = {"a": "draining"}
    drained = outline(place.model, asking(), place.board, find_nothing)
    assert (ids(drained.candidates), drained.dropped[0].reason) == (["b"], "draining, by hand")
    place.board.marks = {"a": "open", "b": "open"}
    with pytest.raises(NoDeployment, match="a: opened by hand; b: opened by hand"):
        place.plan()
    place.board.marks = {"a": "closed"}
    place.open()
    assert place.first() == "a"


def test_what_is_told_of_those_that_are_not_well() -> None:
    place = Place()
    assert place.board.troubled() == {}
    place.open()
    assert place.board.troubled() == {"a": "open"}
    changed = structs.replace(A, api_key=Secret("another"))
    place.board.of(changed)
    assert place.board.troubled() == {}, "its former key is gone"


def test_what_nobody_asks_any_more_is_not_told() -> None:
    place = Place()
    place.open()
    place.clock.time += 3600
    assert place.board.troubled() == {}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0.5, 4.0, 31.0, 150.0])),
        st.tuples(st.just("plan"), st.booleans()),
        st.tuples(st.just("begin"), st.just(0)),
        st.tuples(st.just("end"), st.tuples(st.integers(0, 9), st.sampled_from([None, "request", "gone", *FAULTS]))),
    ),
    max_size=120,
)


@given(STEPS)
def test_whatever_happens_there_is_one_probe_at_a_time_and_it_never_stays_open(steps: list[tuple[str, object]]) -> None:
    place = Place()
    flying: list[tuple[int, bool]] = []  # tickets, and whether it is a probe
    probe_claimed = -1e9
    for kind, what in steps:
        if kind == "wait":
            place.clock.time += float(str(what))
        elif kind == "plan":
            candidates = place.plan()
            if candidates[0].reason.startswith("number 1 as written; tried again"):
                assert not any(probe for _, probe in flying) or place.clock() - probe_claimed >= 30
                probe_claimed = place.clock()
                if what:
                    flying.append((place.board.began(A), True))
        elif kind == "begin":
            flying.append((place.board.began(A), False))
        elif flying:
            assert isinstance(what, tuple)
            number, fault = what
            ticket, _ = flying.pop(number % len(flying))
            if fault == "gone":
                place.board.ended(A, Ending(outcome="client_gone", total=1.0, ticket=ticket))
            else:
                place.end(ticket, fault)
        assert place.board.of(A).in_flight == len(flying)
        breaker = place.board.of(A).breaker
        if breaker is not None:
            assert 0 <= breaker.trials <= len(flying)
    recovers(place)


def recovers(place: Place) -> None:
    """The provider is well from now on, and whoever is sent there gets an answer."""
    until = place.clock() + 400
    while place.clock() < until:
        place.clock.time += 1
        if place.first() == "a":
            place.attempt()
    breaker = place.board.of(A).breaker
    assert breaker is None or breaker.state_at(place.clock()) == "closed"


@pytest.mark.parametrize("policy", ["order", "weighted", "fastest", "least_busy"])
def test_a_policy_of_load_comes_back_to_one_that_is_well_again(policy: str) -> None:
    place = Place()
    place.model = model(A, B, policy=policy)
    place.open()
    for _ in range(600):
        place.clock.time += 1
        happened(place.board, A if place.first() == "a" else B, answer())
    assert place.breaker.state_at(place.clock()) == "closed"


@pytest.mark.parametrize("policy", ["cheapest", "confidence", "balanced"])
def test_a_policy_that_prefers_the_other_one_comes_back_as_soon_as_that_fails(policy: str) -> None:
    place = Place()
    dear, cheap = deployment("a", price=priced(9.0)), deployment("b", price=priced(1.0))
    place.model = model(dear, cheap, policy=policy)
    happened(place.board, cheap, *[answer()] * 100)
    place.open()
    place.clock.time += 600
    happened(place.board, cheap, *[Ending(outcome="failed", total=0.1, fault="silent")] * 5)
    assert place.first() == "a"
    place.attempt()
    assert place.state() == "returning"
