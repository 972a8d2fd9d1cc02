"""Candidates by the health of their deployments: those that are well first, and the others as the last resort."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Deployment

from .board import Board
from .candidates import Candidate, Dropped
from .health import Breaker


def by_health(candidates: Sequence[Candidate], board: Board, dropped: list[Dropped]) -> Sequence[Candidate]:
    """The candidates in the order in which they are tried. Those that an admin has taken out are ``dropped``.

    One that is open keeps its place only if it comes first and may be tried again.
    """
    if not board.breakers and not board.marks:
        return candidates
    now = board.now()
    well: list[Candidate] = []
    behind: list[Candidate] = []
    ill: list[Candidate] = []
    for candidate in candidates:
        mark = board.marks.get(candidate.deployment.id)
        breaker = board.of(candidate.deployment).breaker
        if mark == "open" or mark == "draining":
            dropped.append(Dropped(candidate.deployment, _BY_HAND[mark]))
        elif mark == "closed" or breaker is None or breaker.state_at(now) == "closed":
            well.append(candidate)
        elif breaker.state == "returning":
            _place_returning(candidate, breaker, board, well, behind)
        elif not well and breaker.may_be_tried(now):
            well.append(candidate.because(f"tried again: open for {now - breaker.since:.0f} s, as {breaker.reason}"))
        else:
            ill.append(candidate.because(f"open for {now - breaker.since:.0f} s: {breaker.reason}"))
    return [*well[:1], *behind, *well[1:], *ill]


def claim_probe(deployment: Deployment, board: Board) -> None:
    """Keeps others from trying ``deployment`` while this request does, if its breaker isn't closed."""
    breaker = board.of(deployment).breaker
    if breaker is not None and board.marks.get(deployment.id) != "closed":
        breaker.claim(board.now())


_BY_HAND = {"open": "opened by hand", "draining": "draining, by hand"}


def _place_returning(
    candidate: Candidate, breaker: Breaker, board: Board, well: list[Candidate], behind: list[Candidate]
) -> None:
    """Its share of the requests rises. A request that it doesn't get goes to the next one that is well."""
    share = breaker.share_at(board.now())
    if well or board.random.random() < share:
        well.append(candidate)
    else:
        behind.append(candidate.because(f"returning: {share:.0%} of its requests so far"))
