"""How much to think, as each model can be told (https://ai.google.dev/gemini-api/docs/thinking).

Until 2.5 Gemini thinks by a budget of tokens, from 3 on by level, and can then not be kept from it altogether.
"""

from __future__ import annotations

from turnout.core import Reasoning
from turnout.errors import Unsupported

from . import gemini_wire as wire

_EFFORTS = ("minimal", "low", "medium", "high")
_BEYOND = frozenset({"xhigh", "max"})
"""More than any model of Google's has a level for: its highest."""
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""What Google makes of OpenAI's words (https://ai.google.dev/gemini-api/docs/openai)."""

_LEVELS = (("gemini-3-pro", ("low", "high")), ("-pro", ("low", "medium", "high")))
"""The levels of models with fewer than all, by what is in their names; the first one counts."""
_RANGES = (
    ("gemini-2.5-pro", 128, 32768),
    ("gemini-2.5-flash-lite", 512, 24576),
    ("gemini-2.5-flash", 1, 24576),
)
"""The least and the most that each model takes as a budget, by how their names begin; the first one counts."""
_CANNOT_STOP = "gemini-2.5-pro"


def thinks_by_level(model: str) -> bool:
    """Gemini 3 and later."""
    name = _name(model)
    return name.startswith("gemini-") and not name.startswith(("gemini-1", "gemini-2"))


def thinking_config(reasoning: Reasoning, model: str) -> wire.ThinkingConfig:
    """Raises ``Unsupported`` for a word of effort that nobody knows."""
    name = _name(model)
    if not reasoning.enabled:
        return _least(name)
    if reasoning.budget is not None:
        return wire.ThinkingConfig(include_thoughts=True, thinking_budget=_within_range(reasoning.budget, name))
    if reasoning.effort is None:
        return wire.ThinkingConfig(include_thoughts=True)
    effort = "high" if reasoning.effort in _BEYOND else reasoning.effort
    if effort not in _EFFORTS:
        raise Unsupported(
            f"The provider 'gemini' does not know the effort '{effort}', only {', '.join(_EFFORTS)}.",
            param="reasoning_effort",
        )
    if thinks_by_level(model):
        return wire.ThinkingConfig(include_thoughts=True, thinking_level=_level(effort, name))
    return wire.ThinkingConfig(include_thoughts=True, thinking_budget=_within_range(_BUDGETS[effort], name))


def _name(model: str) -> str:
    return model.rpartition("/")[2]


def _least(name: str) -> wire.ThinkingConfig:
    if thinks_by_level(name):
        return wire.ThinkingConfig(thinking_level=_level("minimal", name))
    return wire.ThinkingConfig(thinking_budget=_within_range(0, name) if name.startswith(_CANNOT_STOP) else 0)


def _level(effort: str, name: str) -> str:
    """The effort, or the next higher one that the model has."""
    has = next((levels for part, levels in _LEVELS if part in name), _EFFORTS)
    wanted = _EFFORTS.index(effort)
    return next(level for level in has if _EFFORTS.index(level) >= wanted).upper()


def _within_range(budget: int, name: str) -> int:
    least, most = next(((least, most) for start, least, most in _RANGES if name.startswith(start)), (budget, budget))
    return min(max(budget, least), most)
