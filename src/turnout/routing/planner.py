"""The plan for one request: a model's deployments by its policy, then those of its fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout.core import Model
from turnout.routing import Board, Candidate, Dropped, Plan, Question, registry


def plan(model: Model, question: Question, board: Board, find: Callable[[str], Model]) -> Plan:
    """``find`` gives a fallback's model by its name; the catalog has checked that all of them exist."""
    candidates = _by_policy(model, question, board)
    if not model.fallbacks:
        return Plan(model.name, tuple(candidates))
    return _with_fallbacks(model, question, board, list(candidates), find)


def _by_policy(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    if len(model.deployments) == 1:
        return [Candidate(model.deployments[0], "the only one")]
    return registry()[model.policy](model, question, board)


def _with_fallbacks(
    model: Model, question: Question, board: Board, candidates: list[Candidate], find: Callable[[str], Model]
) -> Plan:
    dropped: list[Dropped] = []
    seen = {candidate.deployment.id for candidate in candidates}
    for name in model.fallbacks:
        for candidate in _by_policy(find(name), question, board):
            deployment = candidate.deployment
            if deployment.id in seen:
                dropped.append(Dropped(deployment, f"fallback '{name}': already in the plan"))
            else:
                seen.add(deployment.id)
                candidates.append(Candidate(deployment, f"fallback '{name}': {candidate.reason}", candidate.scores))
    return Plan(model.name, tuple(candidates), tuple(dropped))
