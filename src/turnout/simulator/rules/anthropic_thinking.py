"""What Anthropic refuses beside thinking, and of sampling
(https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility)."""

from __future__ import annotations

from typing import Any

from .asked import Asked, Refusal, Rule, number_of, object_of, objects
from .models import claude_version

LEAST_BUDGET = 1024
LEAST_TOP_P = 0.95
FIRST_WITH_ONE_SAMPLER = (4, 1)
FIRST_ADAPTIVE = (4, 6)
FIRST_WITHOUT_SAMPLING = FIRST_WITHOUT_BUDGETS = (4, 7)
FIRST_THINKING_UNASKED = (5, 0)
INTERLEAVED = "interleaved-thinking"
_GUIDE = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
_CONSULT = f"Please consult our documentation at {_GUIDE}"
_CONSIDER = f"{_CONSULT}#important-considerations-when-using-extended-thinking"


def _kind(asked: Asked) -> Any:
    return object_of(asked.body.get("thinking")).get("type")


def _thinks(asked: Asked) -> bool:
    return _kind(asked) in ("enabled", "adaptive")


def _is_since(asked: Asked, version: tuple[int, int]) -> bool:
    known = claude_version(asked.model)
    return known is not None and known >= version


def _is_before(asked: Asked, version: tuple[int, int]) -> bool:
    known = claude_version(asked.model)
    return known is not None and known < version


def kind_is_the_models(asked: Asked) -> Refusal | None:
    if _kind(asked) == "enabled" and _is_since(asked, FIRST_WITHOUT_BUDGETS):
        instead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        return Refusal(f'"thinking.type.enabled" is not supported for this model. {instead}')
    if _kind(asked) == "adaptive" and _is_before(asked, FIRST_ADAPTIVE):
        return Refusal("adaptive thinking is not supported on this model")
    return None


def effort_is_supported(asked: Asked) -> Refusal | None:
    takes_it = _is_since(asked, FIRST_ADAPTIVE) or asked.model.startswith("claude-opus-4-5")
    if object_of(asked.body.get("output_config")).get("effort") is None or takes_it or not claude_version(asked.model):
        return None
    return Refusal("This model does not support the effort parameter.")


def budget_is_enough(asked: Asked) -> Refusal | None:
    budget = number_of(object_of(asked.body.get("thinking")).get("budget_tokens"))
    if _kind(asked) == "enabled" and budget is None:
        return Refusal("thinking.enabled.budget_tokens: Field required")
    if _kind(asked) == "enabled" and budget is not None and budget < LEAST_BUDGET:
        return Refusal(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
    return None


def budget_leaves_an_answer(asked: Asked) -> Refusal | None:
    budget = number_of(object_of(asked.body.get("thinking")).get("budget_tokens"))
    limit = number_of(asked.body.get("max_tokens"))
    if _kind(asked) != "enabled" or budget is None or limit is None or limit > budget or INTERLEAVED in asked.betas:
        return None
    rule = "`max_tokens` must be greater than `thinking.budget_tokens`."
    return Refusal(f"{rule} {_CONSULT}#max-tokens-and-context-window-size")


def forced_tools_are_not_thought_of(asked: Asked) -> Refusal | None:
    if _thinks(asked) and object_of(asked.body.get("tool_choice")).get("type") in ("any", "tool"):
        return Refusal("Thinking may not be enabled when tool_choice forces tool use.")
    return None


def thinking_samples_by_default(asked: Asked) -> Refusal | None:
    if not _thinks(asked):
        return None
    temperature, top_p = number_of(asked.body.get("temperature")), number_of(asked.body.get("top_p"))
    if temperature is not None and temperature != 1:
        return Refusal(f"`temperature` may only be set to 1 when thinking is enabled. {_CONSIDER}")
    if asked.body.get("top_k") is not None:
        return Refusal(f"`top_k` must be unset when thinking is enabled. {_CONSIDER}")
    if top_p is not None and top_p < LEAST_TOP_P:
        what = f"`top_p` must be greater than or equal to {LEAST_TOP_P} or unset when thinking is enabled."
        return Refusal(f"{what} {_CONSIDER}")
    return None


def thoughts_are_cleared_while_thinking(asked: Asked) -> Refusal | None:
    for _, edit in objects(object_of(asked.body.get("context_management")).get("edits")):
        kind = str(edit.get("type"))
        if kind.startswith("clear_thinking_") and not _thinks(asked) and _is_before(asked, FIRST_THINKING_UNASKED):
            return Refusal(f"`{kind}` strategy requires `thinking` to be enabled or adaptive")
    return None


def tool_loops_begin_with_a_thought(asked: Asked) -> Refusal | None:
    """The last assistant message before tool results, where the budget of thinking is given. Adaptive thinking takes
    any (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking)."""
    messages = asked.objects("messages")
    if _kind(asked) != "enabled" or not messages or not _is_results(messages[-1][1]):
        return None
    for index, message in reversed(messages):
        blocks = [block for _, block in objects(message.get("content"))]
        if message.get("role") == "assistant":
            kind = blocks[0].get("type") if blocks else "text"
            return None if kind in ("thinking", "redacted_thinking") else _no_thought(index, kind)
    return None


def _no_thought(index: int, kind: Any) -> Refusal:
    found = f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kind}`."
    rule = (
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the "
        "lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous "
        "turns. To avoid this requirement, disable `thinking`."
    )
    return Refusal(f"{found} {rule} {_CONSULT}")


def _is_results(message: dict[str, Any]) -> bool:
    return any(block.get("type") == "tool_result" for _, block in objects(message.get("content")))


def temperature_is_in_range(asked: Asked) -> Refusal | None:
    temperature = number_of(asked.body.get("temperature"))
    return Refusal("temperature: range: 0..1") if temperature is not None and not 0 <= temperature <= 1 else None


def sampling_is_not_gone(asked: Asked) -> Refusal | None:
    for field in ("temperature", "top_p", "top_k") if _is_since(asked, FIRST_WITHOUT_SAMPLING) else ():
        if asked.body.get(field) is not None:
            return Refusal(f"`{field}` is deprecated for this model.")
    return None


def one_way_of_sampling(asked: Asked) -> Refusal | None:
    both = asked.body.get("temperature") is not None and asked.body.get("top_p") is not None
    if both and _is_since(asked, FIRST_WITH_ONE_SAMPLER):
        return Refusal("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    return None


RULES: tuple[Rule, ...] = (
    Rule(kind_is_the_models, "https://github.com/OpenHands/software-agent-sdk/pull/3427"),
    Rule(effort_is_supported, "https://github.com/Oaklight/llm-rosetta/pull/289"),
    Rule(budget_is_enough, "https://github.com/themaximalist/llm.js/issues/30"),
    Rule(budget_leaves_an_answer, "https://github.com/liuw1535/antigravity2api-nodejs/issues/150"),
    Rule(forced_tools_are_not_thought_of, "https://github.com/workglow-dev/libs/pull/746"),
    Rule(temperature_is_in_range, "https://github.com/anthropics/anthropic-sdk-python/issues/893"),
    Rule(sampling_is_not_gone, "https://github.com/UKGovernmentBEIS/inspect_ai/issues/3721"),
    Rule(thinking_samples_by_default, "https://github.com/quarkiverse/quarkus-langchain4j/issues/1812"),
    Rule(one_way_of_sampling, "https://github.com/cloud-apim/otoroshi-llm-extension/issues/140"),
    Rule(thoughts_are_cleared_while_thinking, "https://github.com/can1357/oh-my-pi/pull/2143"),
    Rule(tool_loops_begin_with_a_thought, "https://github.com/zed-industries/zed/pull/33317"),
)
