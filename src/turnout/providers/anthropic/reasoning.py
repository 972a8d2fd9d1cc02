"""Anthropic's two ways to set how much a model thinks.

Models since Claude 4.6 take ``thinking: adaptive`` with an effort, and those since 4.7 nothing else. Older ones take a
budget in tokens, which counts towards ``max_tokens`` (https://platform.claude.com/docs/en/build-with-claude/thinking).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from turnout.core import (
    NO_CHANGES,
    Change,
    ChatRequest,
    Deployment,
    Message,
    Reasoning,
    RedactedThinking,
    Thinking,
    ToolCall,
    forces_a_tool,
)
from turnout.providers.efforts import effort_by_budget, taken_effort

from .generations import ADAPTIVE, ONLY_ADAPTIVE, efforts_of, generation_of

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_BUDGETS: Final = {"low": 1024, "medium": 4096, "high": 16384, "xhigh": 24576, "max": 24576}
SMALLEST_BUDGET: Final = 1024
BESIDE_A_FORCED_TOOL: Final = "no thinking beside a forced tool"
"""Of any kind (https://github.com/can1357/oh-my-pi/pull/2143)."""
IN_A_LOOP_WITHOUT: Final = "no thinking in a tool loop that began without"


class ThinkingSettings(msgspec.Struct, frozen=True):
    """Fields of the body. ``effort`` belongs into ``output_config``."""

    max_tokens: int
    config: dict[str, Any] | None = None
    effort: dict[str, Any] = {}
    changes: tuple[Change, ...] = NO_CHANGES

    @property
    def on(self) -> bool:
        return self.config is not None and self.config["type"] != "disabled"


def thinking_of(request: ChatRequest, deployment: Deployment, default_max_tokens: int) -> ThinkingSettings:
    """Adds the tokens for thinking to the default of ``max_tokens``. The caller's own limit stays as it is."""
    reasoning = request.reasoning
    limit = default_max_tokens if request.max_output is None else request.max_output
    if reasoning is None:
        return ThinkingSettings(limit)
    effort, changes = _effort(reasoning, deployment.model)
    if not reasoning.enabled:
        if deployment.traits.thinking == "always":
            changes = (*changes, Change("reasoning_effort", "the model always thinks"))
            return ThinkingSettings(limit, None, effort, changes)
        effort = effort if generation_of(deployment.model) >= ADAPTIVE else {}
        return ThinkingSettings(limit, {"type": "disabled"}, effort, changes)
    budget = _BUDGETS[effort.get("effort", "medium")] if reasoning.budget is None else reasoning.budget
    limit_with_thinking = limit if request.max_output is not None else _at_most(limit + budget, deployment)
    generation = generation_of(deployment.model)
    if _has_to_call(request) and deployment.traits.thinking != "always":
        effort = effort if generation >= ADAPTIVE else {}
        return ThinkingSettings(limit, None, effort, (*changes, Change("reasoning_effort", BESIDE_A_FORCED_TOOL)))
    if generation >= ONLY_ADAPTIVE or (generation >= ADAPTIVE and reasoning.budget is None):
        if reasoning.budget is not None and not effort:
            effort = {"effort": effort_by_budget(reasoning.budget)}
        return ThinkingSettings(limit_with_thinking, {"type": "adaptive"}, effort, changes)
    effort = effort if generation >= ADAPTIVE else {}
    obstacle = _obstacle(request, limit_with_thinking)
    if obstacle:  # the answer matters more than the thoughts
        return ThinkingSettings(limit, None, effort, (*changes, Change("reasoning_effort", obstacle)))
    allowed = _allowed_budget(reasoning.budget, budget, limit_with_thinking)
    if reasoning.budget not in (None, allowed):
        changes = (*changes, Change("reasoning.budget", str(allowed)))
    return ThinkingSettings(limit_with_thinking, {"type": "enabled", "budget_tokens": allowed}, effort, changes)


def _at_most(limit: int, deployment: Deployment) -> int:
    most = deployment.traits.max_output
    return limit if most is None else min(limit, most)


def _effort(reasoning: Reasoning, model: str) -> tuple[dict[str, Any], tuple[Change, ...]]:
    effort, efforts = reasoning.effort, efforts_of(model)
    if effort is None or effort == "none":
        return {}, NO_CHANGES
    if effort not in _EFFORTS:
        return {}, (Change("reasoning_effort"),)
    word = _EFFORTS[effort]
    taken = taken_effort(word, efforts) if efforts else word
    return {"effort": taken}, NO_CHANGES if taken == word else (Change("reasoning_effort", taken or ""),)


def _allowed_budget(said: int | None, budget: int, limit: int) -> int:
    """The caller's budget if it leaves a token for the answer. One that was made of an effort leaves half of all."""
    return max(min(budget, limit // 2 if said is None else limit - 1), SMALLEST_BUDGET)


def _obstacle(request: ChatRequest, limit: int) -> str:
    """Why the model can't think by a budget; empty if it can."""
    if limit <= SMALLEST_BUDGET:
        return f"no thinking within {limit} tokens"
    return IN_A_LOOP_WITHOUT if is_in_loop_without_thoughts(request.messages) else ""


def _has_to_call(request: ChatRequest) -> bool:
    return bool(request.tools) and forces_a_tool(request)


def is_in_loop_without_thoughts(messages: Sequence[Message]) -> bool:
    """Whether the last turn of the model called tools without thinking before, and their results come now.

    https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks
    """
    if not messages or messages[-1].role != "tool":
        return False
    turn = next((message for message in reversed(messages) if message.role == "assistant"), None)
    if turn is None or not any(isinstance(part, ToolCall) for part in turn.parts):
        return False
    return not any(isinstance(p, RedactedThinking) or (isinstance(p, Thinking) and p.signature) for p in turn.parts)
