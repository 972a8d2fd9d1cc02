"""The plan for one request: a model's deployments by its policy, then those of its fallbacks."""

from __future__ import annotations

from collections.abc import Callable

from turnout.core import Model
from turnout.routing import Candidate, Dropped, Plan, registry


def plan(model: Model, find: Callable[[str], Model]) -> Plan:
    """``find`` gives a fallback's model by its name; the catalog has checked that all of them exist."""
    candidates = tuple(registry()[model.policy](model))
    if not model.fallbacks:
        return Plan(model.name, candidates)
    return _with_fallbacks(model, list(candidates), find)


def _with_fallbacks(model: Model, candidates: list[Candidate], find: Callable[[str], Model]) -> Plan:
    dropped: list[Dropped] = []
    seen = {candidate.deployment.id for candidate in candidates}
    for name in model.fallbacks:
        fallback = find(name)
        for candidate in registry()[fallback.policy](fallback):
            deployment = candidate.deployment
            if deployment.id in seen:
                dropped.append(Dropped(deployment, f"fallback '{name}': already in the plan"))
            else:
                seen.add(deployment.id)
                candidates.append(Candidate(deployment, f"fallback '{name}': {candidate.reason}"))
    return Plan(model.name, tuple(candidates), tuple(dropped))
