"""Deployments that have as many attempts as they may have come after the model's others."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from turnout.routing import Board, Candidate


def by_room(candidates: Sequence[Candidate], board: Board) -> Sequence[Candidate]:
    """The order of the policy, with those at their limit last. The first of them is where a request waits."""
    free: list[Candidate] = []
    full: list[Candidate] = []
    for candidate in candidates:
        limit = candidate.deployment.concurrency
        load = 0 if limit is None else board.of(candidate.deployment).load
        if limit is None or load < limit:
            free.append(candidate)
        else:
            full.append(
                structs.replace(candidate, reason=f"{candidate.reason}; full: {load} requests, {limit} at once")
            )
    return [*free, *full] if free and full else candidates
