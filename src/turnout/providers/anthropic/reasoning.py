"""Anthropic's two ways to set how much a model thinks.

Models since Claude 4.6 take ``thinking: adaptive`` with an effort. Older ones take a budget in tokens, which counts
towards ``max_tokens`` (https://platform.claude.com/docs/en/build-with-claude/thinking).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from turnout.core import ChatRequest, Deployment, Reasoning
from turnout.errors import Unsupported

_VERSION = re.compile(r"-(\d{1,2})(?:[-.](\d{1,2}))?(?=\D|$)")
_ADAPTIVE_SINCE = (4, 6)
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_BUDGETS = {"low": 1024, "medium": 4096, "high": 16384, "xhigh": 24576, "max": 24576}
_SMALLEST_BUDGET = 1024


class Thinking(msgspec.Struct, frozen=True):
    """Fields of the body. ``effort`` belongs into ``output_config``."""

    max_tokens: int
    config: dict[str, Any] | None = None
    effort: dict[str, Any] = {}


def thinking_of(request: ChatRequest, deployment: Deployment, default_max_tokens: int) -> Thinking:
    """Adds the tokens for thinking to the default of ``max_tokens``. The caller's own limit stays as it is."""
    reasoning, max_output = request.reasoning, request.max_output
    if reasoning is None:
        return Thinking(default_max_tokens if max_output is None else max_output)
    effort = _effort(reasoning)
    if not reasoning.enabled:
        return Thinking(default_max_tokens if max_output is None else max_output, {"type": "disabled"}, effort)
    budget = _BUDGETS[effort.get("effort", "medium")] if reasoning.budget is None else reasoning.budget
    max_tokens = default_max_tokens + budget if max_output is None else max_output
    if reasoning.budget is not None:
        return Thinking(max_tokens, {"type": "enabled", "budget_tokens": reasoning.budget}, effort)
    if _is_adaptive(deployment.model):
        return Thinking(max_tokens, {"type": "adaptive"}, effort)
    return Thinking(max_tokens, {"type": "enabled", "budget_tokens": _limited_budget(budget, max_tokens)})


def _effort(reasoning: Reasoning) -> dict[str, Any]:
    effort = reasoning.effort
    if effort is None or effort == "none":
        return {}
    if effort not in _EFFORTS:
        raise Unsupported(
            f"The provider 'anthropic' knows the efforts {', '.join(_EFFORTS)}, not '{effort}'.",
            param="reasoning_effort",
        )
    return {"effort": _EFFORTS[effort]}


def _limited_budget(budget: int, max_tokens: int) -> int:
    """Limits the budget to half of ``max_tokens``."""
    if max_tokens <= _SMALLEST_BUDGET:
        raise Unsupported(
            f"This model needs more than {_SMALLEST_BUDGET} max_tokens to think, and the request allows {max_tokens}.",
            param="max_tokens",
        )
    return max(min(budget, max_tokens // 2), _SMALLEST_BUDGET)


def _is_adaptive(model: str) -> bool:
    """Reads the version in the model's name: ``claude-haiku-4-5-20251001`` is 4.5, ``claude-opus-5`` is 5.0."""
    match = _VERSION.search(model)
    return match is None or (int(match[1]), int(match[2] or 0)) >= _ADAPTIVE_SINCE
