"""The plan for one request: a model's deployments by its policy, then those of its fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout.core import Model
from turnout.errors import NoDeployment
from turnout.routing import Board, Candidate, Dropped, Plan, Question, registry

from .allowances import by_allowance
from .standing import by_health, claim_probe


def plan(model: Model, question: Question, board: Board, find: Callable[[str], Model], *, probes: bool = True) -> Plan:
    """The plan for a request that is sent. If a deployment comes first that has to be tried again, it is its probe,
    unless ``probes`` is false: a request that isn't a normal one proves nothing.

    ``find`` gives a fallback's model by its name; the catalog has checked that all of them exist. Raises
    ``NoDeployment``.
    """
    planned = outline(model, question, board, find)
    if not planned.candidates:
        raise NoDeployment(model.name, [(dropped.deployment.id, dropped.reason) for dropped in planned.dropped])
    if probes and board.has_breakers:
        claim_probe(planned.candidates[0].deployment, board)
    return planned


def outline(model: Model, question: Question, board: Board, find: Callable[[str], Model]) -> Plan:
    """The same for who only looks. No candidate may be left in it."""
    candidates = _by_policy(model, question, board)
    dropped: Sequence[Dropped] = ()
    if model.fallbacks:
        candidates, dropped = _with_fallbacks(model, question, board, list(candidates), find)
    candidates = by_allowance(candidates, question, board)
    candidates, taken_out = by_health(candidates, board)
    return Plan(model.name, tuple(candidates), (*dropped, *taken_out))


def _by_policy(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    if len(model.deployments) == 1:
        return [Candidate(model.deployments[0], "the only one")]
    return registry()[model.policy](model, question, board)


def _with_fallbacks(
    model: Model, question: Question, board: Board, candidates: list[Candidate], find: Callable[[str], Model]
) -> tuple[Sequence[Candidate], Sequence[Dropped]]:
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
    return candidates, dropped
