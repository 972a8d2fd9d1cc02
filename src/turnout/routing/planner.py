"""The plan for one request: a model's deployments by its policy, then those of its fallbacks."""

from __future__ import annotations

from collections.abc import Callable

from turnout.core import Model
from turnout.routing import Dropped, Plan, Step, registry


def plan(model: Model, find: Callable[[str], Model]) -> Plan:
    """``find`` gives a fallback's model by its name; the catalog has checked that all of them exist."""
    steps = tuple(registry()[model.policy](model))
    if not model.fallbacks:
        return Plan(model.name, steps)
    return _with_fallbacks(model, list(steps), find)


def _with_fallbacks(model: Model, steps: list[Step], find: Callable[[str], Model]) -> Plan:
    dropped: list[Dropped] = []
    seen = {step.deployment.id for step in steps}
    for name in model.fallbacks:
        fallback = find(name)
        for step in registry()[fallback.policy](fallback):
            deployment = step.deployment
            if deployment.id in seen:
                dropped.append(Dropped(deployment, f"fallback '{name}': already in the plan"))
            else:
                seen.add(deployment.id)
                steps.append(Step(deployment, f"fallback '{name}': {step.reason}"))
    return Plan(model.name, tuple(steps), tuple(dropped))
