"""The plan for one request: a model's deployments by its policy, then those of its fallbacks.

Then those that don't suit the request or aren't well are moved down, and those that may not be asked are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout.core import Model
from turnout.errors import NoDeployment, TurnoutError, Unpriced
from turnout.routing import Board, Candidate, Dropped, Plan, Question, registry

from .allowances import by_allowance
from .needs import UNPRICED, by_budget, by_needs, by_price, by_tags
from .preferences import by_preference
from .room import by_room
from .standing import by_health, claim_probe


def plan(model: Model, question: Question, board: Board, find: Callable[[str], Model], *, probes: bool = True) -> Plan:
    """The plan for a request that is sent. If a deployment comes first that has to be tried again, it is its probe,
    unless ``probes`` is false: a request that isn't a normal one proves nothing.

    ``find`` gives a fallback's model by its name; the catalog has checked that all of them exist. Raises
    ``NoDeployment`` or ``Unpriced``.
    """
    planned = outline(model, question, board, find)
    if not planned.candidates:
        raise _nobody(model, planned.dropped)
    first = planned.candidates[0].deployment
    if probes and first.id in board.breakers:
        claim_probe(first, board)
    return planned


def _nobody(model: Model, dropped: Sequence[Dropped]) -> TurnoutError:
    if all(each.reason == UNPRICED for each in dropped):
        return Unpriced(model.name, [each.deployment.id for each in dropped])
    return NoDeployment(model.name, [(each.deployment.id, each.reason) for each in dropped])


def outline(model: Model, question: Question, board: Board, find: Callable[[str], Model]) -> Plan:
    """The same for who only looks. No candidate may be left in it."""
    if len(model.deployments) == 1 and not (model.fallbacks or question.tags or model.needs_tags):
        only = model.deployments[0].id
        priced = model.unpriced == "allow" or model.deployments[0].price is not None
        if priced and only not in board.breakers and only not in board.marks:
            return Plan(model.name, (_only(model),))  # most plans are this one: it costs a fifth of what follows
    tags = question.tags | model.needs_tags
    dropped: list[Dropped] = []
    candidates = _of_model(model, question, board, tags, dropped)
    if model.fallbacks:
        fallbacks = [find(name) for name in model.fallbacks]
        candidates = _with_fallbacks(candidates, fallbacks, question, board, tags, dropped)
    if model.unpriced == "refuse":
        candidates = by_price(candidates, dropped)
    if question.affordable is not None:
        candidates = by_budget(candidates, question.affordable, dropped)
    candidates = by_allowance(candidates, question, board)
    candidates = by_health(candidates, board, dropped)
    return Plan(model.name, tuple(by_needs(candidates, question)), tuple(dropped))


def _only(model: Model) -> Candidate:
    return Candidate(model.deployments[0], "the only one")


def _of_model(
    model: Model, question: Question, board: Board, tags: frozenset[str], dropped: list[Dropped]
) -> Sequence[Candidate]:
    if len(model.deployments) == 1:
        candidates: Sequence[Candidate] = [_only(model)]
    else:
        candidates = by_preference(registry()[model.policy](model, question, board), model, question)
        candidates = by_room(candidates, board)
    candidates = by_tags(candidates, tags, dropped) if tags else candidates
    return by_price(candidates, dropped) if model.unpriced == "refuse" else candidates


def _with_fallbacks(
    candidates: Sequence[Candidate],
    fallbacks: Sequence[Model],
    question: Question,
    board: Board,
    tags: frozenset[str],
    dropped: list[Dropped],
) -> Sequence[Candidate]:
    """``tags`` that the request and its model ask for hold for the fallbacks, too."""
    seen = {candidate.deployment.id for candidate in candidates}
    found = list(candidates)
    for model in fallbacks:
        for candidate in _of_model(model, question, board, tags | model.needs_tags, dropped):
            deployment = candidate.deployment
            if deployment.id in seen:
                dropped.append(Dropped(deployment, f"fallback '{model.name}': already in the plan"))
            else:
                seen.add(deployment.id)
                found.append(Candidate(deployment, f"fallback '{model.name}': {candidate.reason}", candidate.scores))
    return found
