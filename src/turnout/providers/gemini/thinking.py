"""The settings of how much a model thinks (https://ai.google.dev/gemini-api/docs/thinking).

Gemini until 2.5 takes a budget in tokens. Gemini 3 and later take a level, and can't be stopped from thinking.
"""

from __future__ import annotations

from typing import Any

from turnout.core import NO_CHANGES, Change, Deployment, Reasoning

from . import gemini_wire as wire

_EFFORTS = ("minimal", "low", "medium", "high")
_ABOVE_HIGH = frozenset({"xhigh", "max"})
"""Efforts that Google has no level for. They become its highest."""
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Google's own budgets for OpenAI's efforts (https://ai.google.dev/gemini-api/docs/openai)."""

_LEVELS = (("gemini-3-pro", ("low", "high")), ("-pro", ("low", "medium", "high")))
"""The levels of models that don't have all, by a part of their names. The first match counts."""
_RANGES = (
    ("gemini-2.5-pro", 128, 32768),
    ("gemini-2.5-flash-lite", 512, 24576),
    ("gemini-2.5-flash", 1, 24576),
)
"""The smallest and the largest budget of models, by the beginning of their names. The first match counts."""
_ALWAYS_THINKS = "gemini-2.5-pro"


def thinks_by_level(model: str) -> bool:
    """Whether the model takes a level: Gemini 3 and later do."""
    name = _name(model)
    return name.startswith("gemini-") and not is_before_3(name)


def is_before_3(model: str) -> bool:
    """Whether the model is known to be an earlier one than Gemini 3."""
    return _name(model).startswith(("gemini-1", "gemini-2"))


def thinking_config(reasoning: Reasoning, model: str) -> wire.ThinkingConfig:
    """The settings for ``model``. An unknown effort leaves the choice to the model."""
    name = _name(model)
    if not reasoning.enabled:
        return _least_thinking(name)
    if reasoning.budget is not None:
        return wire.ThinkingConfig(include_thoughts=True, thinking_budget=_within_range(reasoning.budget, name))
    if reasoning.effort is None:
        return wire.ThinkingConfig(include_thoughts=True)
    effort = "high" if reasoning.effort in _ABOVE_HIGH else reasoning.effort
    if effort not in _EFFORTS:
        return wire.ThinkingConfig(include_thoughts=True)
    if thinks_by_level(model):
        return wire.ThinkingConfig(include_thoughts=True, thinking_level=_level(effort, name))
    return wire.ThinkingConfig(include_thoughts=True, thinking_budget=_within_range(_BUDGETS[effort], name))


def changes_of(reasoning: Reasoning | None, model: str) -> tuple[Change, ...]:
    """What of the client's wish the model doesn't take."""
    if reasoning is None:
        return NO_CHANGES
    name = _name(model)
    if not reasoning.enabled:
        always = thinks_by_level(name) or name.startswith(_ALWAYS_THINKS)
        return (Change("reasoning_effort", "the least thinking"),) if always else NO_CHANGES
    if reasoning.budget is not None:
        budget = _within_range(reasoning.budget, name)
        return NO_CHANGES if budget == reasoning.budget else (Change("reasoning.budget", str(budget)),)
    known = reasoning.effort is None or reasoning.effort in (*_EFFORTS, *_ABOVE_HIGH)
    return NO_CHANGES if known else (Change("reasoning_effort"),)


def thinking_instead(reasoning: Reasoning, deployment: Deployment) -> tuple[dict[str, Any], tuple[Change, ...]] | None:
    """What stands in place of a client's own level and budget: fields of ``thinkingConfig``, none of them for a model
    that never thinks. None where the client's own stay, as with a model that isn't known.
    """
    if deployment.traits.thinking == "never":
        return {}, (Change("reasoning_effort"),) if reasoning.enabled else NO_CHANGES
    name = _name(deployment.model)
    if not name.startswith("gemini-"):
        return None
    config, changes = thinking_config(reasoning, name), changes_of(reasoning, name)
    if config.thinking_level is not None:
        if reasoning.effort not in (None, config.thinking_level.lower()):
            changes = (Change("reasoning_effort", config.thinking_level),)
        return ({"thinkingLevel": config.thinking_level}, changes) if changes else None
    if config.thinking_budget is None:  # an unknown word for how much
        return ({}, changes) if changes else None
    if reasoning.effort is not None:
        changes = (Change("reasoning_effort", f"thinkingBudget: {config.thinking_budget}", kept=True),)
    return ({"thinkingBudget": config.thinking_budget}, changes) if changes else None


def _name(model: str) -> str:
    return model.rpartition("/")[2]


def _least_thinking(name: str) -> wire.ThinkingConfig:
    if thinks_by_level(name):
        return wire.ThinkingConfig(thinking_level=_level("minimal", name))
    return wire.ThinkingConfig(thinking_budget=_within_range(0, name) if name.startswith(_ALWAYS_THINKS) else 0)


def _level(effort: str, name: str) -> str:
    """The effort as a level, or the next higher level that the model has."""
    levels = next((levels for part, levels in _LEVELS if part in name), _EFFORTS)
    lowest = _EFFORTS.index(effort)
    return next(level for level in levels if _EFFORTS.index(level) >= lowest).upper()


def _within_range(budget: int, name: str) -> int:
    least, most = next(((least, most) for start, least, most in _RANGES if name.startswith(start)), (budget, budget))
    return min(max(budget, least), most)
