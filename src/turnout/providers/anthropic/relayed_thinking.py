"""Thinking in a client's own body, for a model that takes another kind of it than the client asks for.

``reasoning.py`` has the rules of the models. A model whose name says nothing gets what the client said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, structs

from turnout.core import Change, ChatRequest, Deployment, Reasoning, readable
from turnout.providers.efforts import effort_by_budget, taken_effort
from turnout.providers.raw_fields import object_in

from .generations import ADAPTIVE, ONLY_ADAPTIVE, efforts_of, generation_of, is_known
from .reasoning import (
    BESIDE_A_FORCED_TOOL,
    IN_A_LOOP_WITHOUT,
    SMALLEST_BUDGET,
    is_in_loop_without_thoughts,
    thinking_of,
)

_FIELD: Final = "thinking"
_KINDS: Final = (b'"enabled"', b'"adaptive"', b'"disabled"')
_CONFIG: Final = "output_config"
_EDITING: Final = "context_management"
_CLEARS_THOUGHTS: Final = b"clear_thinking_"
_BETA: Final = "anthropic-beta"
_INTERLEAVED: Final = "interleaved-thinking"
_LIST: Final = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.encode


class Instead(NamedTuple):
    """``thinking`` in place of the client's own, None for none."""

    thinking: Mapping[str, Any] | None
    change: Change


class Limits(NamedTuple):
    """What else limits the thinking: ``tokens`` of the answer, and whether these are fewer than the client asked for.
    ``foreign``: the messages had thoughts of another provider, which were taken out.
    """

    tokens: int
    lowered: bool = False
    foreign: bool = False


NO_LIMITS: Final = Limits(1_000_000)
"""For a request that is only counted: more tokens than any model gives."""


def adapt_thinking(body: dict[str, Any], request: ChatRequest, deployment: Deployment, limits: Limits) -> list[Change]:
    """Changes ``body``, and nothing where nothing has to change."""
    reasoning = request.reasoning
    if reasoning is None or not (is_known(deployment.model) or deployment.traits.thinking):
        return []
    changes: list[Change] = []
    instead = _instead(body, request, reasoning, deployment, limits)
    if instead is not None:
        changes.append(instead.change)
        _put(body, instead.thinking)
        if instead.thinking is None and reasoning.enabled:
            changes += _keep_no_thoughts(body)
    return changes + _adapt_effort(body, reasoning, deployment, budget=instead is not None and instead.change.kept)


def thinks(body: Mapping[str, Any]) -> bool:
    """Whether the body asks for thinking. A kind that nobody knows may be thinking."""
    return bytes(body.get(_FIELD, b"null")) != b"null" and _kind(body) != b'"disabled"'


def _kind(body: Mapping[str, Any]) -> bytes:
    """The type of ``thinking`` as JSON; empty where it is no object."""
    is_object = bytes(body.get(_FIELD, b""))[:1] == b"{"
    return bytes(object_in(body, _FIELD).get("type", b"")) if is_object else b""


def _put(body: dict[str, Any], thinking: Mapping[str, Any] | None) -> None:
    """Other fields of the client's own object stay."""
    own = object_in(body, _FIELD)
    if thinking is None:
        del body[_FIELD]
    else:
        others = {name: value for name, value in own.items() if name != "budget_tokens"}
        body[_FIELD] = Raw(_encode({**others, **thinking}))


def _instead(
    body: Mapping[str, Any], request: ChatRequest, reasoning: Reasoning, deployment: Deployment, limits: Limits
) -> Instead | None:
    """None where the client's own stays."""
    always, generation = deployment.traits.thinking == "always", generation_of(deployment.model)
    if _kind(body) not in _KINDS:
        return None
    if not reasoning.enabled:
        return Instead(None, Change(_FIELD, "the model always thinks")) if always else None
    if deployment.traits.thinking == "never":
        return Instead(None, Change(_FIELD))
    if not is_known(deployment.model):
        return None
    if _forces_a_tool(body) and not always:
        return Instead(None, Change(_FIELD, BESIDE_A_FORCED_TOOL))
    if reasoning.budget is None:
        return _as_budget(request, deployment, limits.tokens) if generation < ADAPTIVE else None
    if generation >= ONLY_ADAPTIVE:
        return Instead({"type": "adaptive"}, Change(_FIELD, "adaptive", kept=True))
    if limits.foreign and generation < ADAPTIVE and is_in_loop_without_thoughts(readable(request).messages):
        return Instead(None, Change(_FIELD, IN_A_LOOP_WITHOUT))
    return _within(limits.tokens, reasoning.budget) if limits.lowered and not _is_interleaved(request) else None


def _forces_a_tool(body: Mapping[str, Any]) -> bool:
    choice = body.get("tool_choice", b"")
    return bytes(choice)[:1] == b"{" and object_in(body, "tool_choice").get("type") in (Raw(b'"any"'), Raw(b'"tool"'))


def _is_interleaved(request: ChatRequest) -> bool:
    """Then a budget is for all turns of the model together, and may be above ``max_tokens``.

    https://platform.claude.com/docs/en/build-with-claude/extended-thinking#interleaved-thinking
    """
    return request.raw is not None and _INTERLEAVED in request.raw.headers.get(_BETA, "")


def _as_budget(request: ChatRequest, deployment: Deployment, limit: int) -> Instead:
    """For a model that takes nothing but a budget. The conversation has to be read for that."""
    settings = thinking_of(structs.replace(readable(request), max_output=limit), deployment, limit)
    if settings.config is None:
        return Instead(None, Change(_FIELD, settings.changes[-1].instead))
    budget = settings.config["budget_tokens"]
    return Instead(settings.config, Change(_FIELD, f"a budget of {budget} tokens", kept=True))


def _within(limit: int, budget: int) -> Instead | None:
    if budget < limit:
        return None
    if limit <= SMALLEST_BUDGET:
        return Instead(None, Change(_FIELD, f"no thinking within {limit} tokens"))
    most = limit - 1
    return Instead({"type": "enabled", "budget_tokens": most}, Change(f"{_FIELD}.budget_tokens", str(most)))


def _keep_no_thoughts(body: dict[str, Any]) -> list[Change]:
    """Without thinking, nothing may be said of thoughts that go or stay: "`clear_thinking_20251015` strategy requires
    `thinking` to be enabled or adaptive" (https://github.com/anthropics/claude-code/issues/11971).
    """
    said = bytes(body.get(_EDITING, b""))
    if _CLEARS_THOUGHTS not in said or said[:1] != b"{":
        return []
    editing = object_in(body, _EDITING)
    edits = editing.get("edits", Raw())
    listed = _LIST.decode(edits) if bytes(edits)[:1] == b"[" else []
    kept = [edit for edit in listed if _CLEARS_THOUGHTS not in bytes(edit)]
    if kept:
        body[_EDITING] = Raw(_encode({**editing, "edits": kept}))
    else:
        del body[_EDITING]
    return [Change(f"{_EDITING}.edits", "without those of thoughts")]


def _adapt_effort(body: dict[str, Any], reasoning: Reasoning, deployment: Deployment, *, budget: bool) -> list[Change]:
    """``budget``: how much to think is said in another way now, by a budget that becomes a word or the other way."""
    efforts, model = efforts_of(deployment.model), deployment.model
    if reasoning.effort is None:
        if budget and reasoning.budget is not None and generation_of(model) >= ONLY_ADAPTIVE:
            _put_effort(body, effort_by_budget(reasoning.budget))
        return []
    taken = reasoning.effort if efforts is None else taken_effort(reasoning.effort, efforts)
    if taken == reasoning.effort:
        return []
    _put_effort(body, taken)
    return [Change(f"{_CONFIG}.effort", taken or "", kept=budget and taken is None)]


def _put_effort(body: dict[str, Any], effort: str | None) -> None:
    config: dict[str, Any] = {name: value for name, value in object_in(body, _CONFIG).items() if name != "effort"}
    if effort is not None:
        config["effort"] = effort
    if config:
        body[_CONFIG] = Raw(_encode(config))
    else:
        body.pop(_CONFIG, None)
