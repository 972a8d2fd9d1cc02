"""Tables of the words by which providers say what went wrong.

Any vendor's words can come over any wire: gateways and compatible servers pass on what others said. So one table holds
for all wires. A code counts more than a sentence, and a sentence more than a status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from turnout.errors import ErrorKind


class Pattern(msgspec.Struct, frozen=True):
    """A sentence. Its groups ``tokens`` and ``limit`` are numbers; ``more`` is added to ``tokens``."""

    kind: ErrorKind
    sentence: re.Pattern[str]


def _said(kind: ErrorKind, *sentences: str) -> list[Pattern]:
    return [Pattern(kind, re.compile(sentence.replace("#", r"\d[\d,]{0,14}"), re.IGNORECASE)) for sentence in sentences]


CODES: Final[Mapping[str, ErrorKind]] = {
    # https://platform.openai.com/docs/guides/error-codes and codex-rs/codex-api/src/sse/responses.rs in openai/codex
    "context_length_exceeded": "context",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "credit_balance_exhausted": "quota",
    "usage_limit_reached": "quota",
    "rate_limit_exceeded": "rate_limit",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "content_policy_violation": "content_filter",
    "moderation_blocked": "content_filter",
    "invalid_api_key": "authentication",
    "model_not_found": "model_not_found",
    # https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter and …/how-to/quota
    "content_filter": "content_filter",
    "ResponsibleAIPolicyViolation": "content_filter",
    "RateLimitReached": "rate_limit",
    "DeploymentNotFound": "model_not_found",
    # https://platform.claude.com/docs/en/api/errors
    "authentication_error": "authentication",
    "billing_error": "quota",
    "enforced_spend_limit_reached": "quota",
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    # https://ai.google.dev/gemini-api/docs/troubleshooting
    "API_KEY_INVALID": "authentication",
    "UNAUTHENTICATED": "authentication",
    "RESOURCE_EXHAUSTED": "rate_limit",
    # tools/server/server-common.cpp in ggml-org/llama.cpp
    "exceed_context_size_error": "context",
    # github.com/ericc-ch/copilot-api/issues/210
    "model_max_prompt_tokens_exceeded": "context",
    # https://docs.z.ai/api-reference/api-code: the end of an answer, and an error before it
    "model_context_window_exceeded": "context",
    # https://www.alibabacloud.com/help/en/model-studio/error-code
    "data_inspection_failed": "content_filter",
    "DataInspectionFailed": "content_filter",
    "Arrearage": "quota",
}
"""By the provider's code, type, status or reason."""

STATUSES: Final[Mapping[int, ErrorKind]] = {401: "authentication", 402: "quota", 429: "rate_limit", 529: "overloaded"}
"""By the HTTP status, where neither code nor words say more. 402 is "Insufficient Balance" at DeepSeek
(https://api-docs.deepseek.com/quick_start/error_codes) and OpenRouter; 529 is Anthropic's.
"""

STATUS_OF: Final[Mapping[ErrorKind, int]] = {
    "context": 400,
    "quota": 429,
    "rate_limit": 429,
    "overloaded": 503,
    "content_filter": 400,
    "authentication": 401,
    "model_not_found": 404,
}
"""The status of an error that came without one, inside an answer of status 200."""

DAILY: Final = re.compile(r"PerDay|Daily|QUOTA_EXHAUSTED")
"""In a Google error: a quota that no short wait brings back (packages/core/src/utils/googleQuotaErrors.ts in
google-gemini/gemini-cli).
"""

PATTERNS: Final = (
    *_said(
        "context",
        # Anthropic: https://platform.claude.com/docs/en/build-with-claude/context-windows
        r"prompt is too long(?:: (?P<tokens>#) tokens > (?P<limit>#))?",
        # Anthropic: github.com/anthropics/claude-code/issues/228
        r"`?max_tokens`? exceed context limit: (?P<tokens>#) \+ (?P<more>#) > (?P<limit>#)",
        # OpenAI, DeepSeek, OpenRouter, vLLM: github.com/vllm-project/vllm/issues/20409
        r"maximum context length is (?P<limit>#) tokens.{0,40}?(?:resulted in|requested about|requested) (?P<tokens>#)",
        # vLLM since 0.10: "… and your request has 57879 input tokens (8192 > 65536 - 57879)"
        r"maximum context length is (?P<limit>#) tokens and your request has (?P<tokens>#) input tokens"
        r"(?: \((?P<more>#) >)?",
        # vLLM since 0.14 (vllm/renderers/params.py)
        r"passed (?P<tokens>#) input tokens and requested (?P<more>#) output tokens.{0,60}? only (?P<limit>#) tokens",
        r"maximum context length is (?P<limit>#)",
        # OpenAI's Responses, and its models since GPT-5
        r"exceeds the context window",
        r"input tokens exceed the configured limit of (?P<limit>#) tokens(?:.{0,30}? resulted in (?P<tokens>#))?",
        # Gemini
        r"input token count \(?(?P<tokens>#)?\)? ?exceeds the maximum number of tokens allowed \(?(?P<limit>#)",
        # llama.cpp: github.com/ggml-org/llama.cpp/pull/16486
        r"(?:request \((?P<tokens>#) tokens\) )?exceeds the available context size(?: \((?P<limit>#) tokens)?",
        # SGLang, Together: github.com/sgl-project/sglang/issues/8096
        r"input \((?P<tokens>#) tokens\) is longer than the model's context length \((?P<limit>#)",
        # Ollama: github.com/ollama/ollama/issues/14186
        r"input length exceeds (?:the |maximum |the maximum )?context length",
        r"prompt too long; exceeded (?:max )?context length",
        # The rest: packages/ai/src/utils/overflow.ts in badlogic/pi-mono, and
        # litellm/litellm_core_utils/exception_mapping_utils.py in BerriAI/litellm
        r"maximum prompt length is (?P<limit>#) but the request contains (?P<tokens>#)",  # xAI
        r"contains (?P<tokens>#) tokens.{0,60}?too large for model with (?P<limit>#) maximum context length",  # Mistral
        r"prompt token count of (?P<tokens>#) exceeds the limit of (?P<limit>#)",  # GitHub Copilot
        r"exceeded model token limit: (?P<limit>#) \(requested: (?P<tokens>#)",  # Moonshot
        r"current length is (?P<tokens>#) while limit is (?P<limit>#)",  # Cerebras
        r"must be <= (?P<limit>#)\. Given: (?P<tokens>#) `inputs` tokens and (?P<more>#) `max_new_tokens`",  # TGI
        r"prompt has (?P<tokens>#) tokens, but the configured context size is (?P<limit>#)",
        r"range of input length should be \[1, (?P<limit>#)",  # DashScope
        r"greater than the context length",  # LM Studio
        r"context window exceeds limit",  # MiniMax
        r"input is too long for requested model",  # Bedrock
        r"reduce the length of the messages",  # Groq
        r"context[_ ]length[_ ]exceeded",
        r"model_context_window_exceeded",
    ),
    *_said(
        "quota",
        r"exceeded your current quota",  # OpenAI
        r"credit balance is too low",  # Anthropic, with status 400
        r"reached your specified (?:workspace )?API usage limits",  # Anthropic, with status 400
        r"insufficient (?:account )?(?:balance|credits?|funds)",  # DeepSeek, MiniMax, Moonshot, OpenRouter
        r"requires more credits",  # OpenRouter
    ),
    *_said(
        "content_filter",
        r"content management policy",  # Azure
        r"blocked by content filtering policy",  # Anthropic: https://github.com/anthropics/claude-code/issues/1735
        r"rejected (?:as a result of|by) (?:our|the) safety system",  # OpenAI
        r"violating our usage policy",  # OpenAI
    ),
    *_said(
        "authentication",
        r"API key not valid",  # Gemini, with status 400
        r"incorrect API key provided",  # OpenAI; xAI with status 400
    ),
    *_said("overloaded", r"\b(?:model|server|engine|service)s? (?:is|are) (?:\w+ )?overloaded", r"^\W*overloaded\W*$"),
    *_said(
        "model_not_found",
        # OpenAI, vLLM, Ollama, Gemini, SiliconFlow
        r"\bmodels?\b[ /]?[`'\"]?[\w./:@-]*[`'\"]? ?(?:does not exist|(?:is |was )?not found)",
        r"is not a valid model id",  # OpenRouter, with status 400
    ),
)
"""The first that is found counts."""


def kind_of(codes: tuple[str, ...], message: str, status: int) -> tuple[ErrorKind, int | None, int | None]:
    """The kind of an error, and the tokens and the limit that its words tell. ``rate_limit`` is the least exact kind:
    vendors count a quota among their rate limits.
    """
    kinds = [CODES[code] for code in codes if code in CODES]
    kind: ErrorKind = next((each for each in kinds if each != "rate_limit"), kinds[0] if kinds else "")
    if kind not in ("", "context"):
        return kind, None, None
    for pattern in PATTERNS:
        found = pattern.sentence.search(message)
        if found and kind in ("", pattern.kind):
            tokens, limit = _numbers(found)
            return pattern.kind, tokens, limit
    return kind or STATUSES.get(status, kind), None, None


def _numbers(found: re.Match[str]) -> tuple[int | None, int | None]:
    groups = {name: int(digits.replace(",", "")) for name, digits in found.groupdict().items() if digits}
    tokens = groups.get("tokens")
    return (None if tokens is None else tokens + groups.get("more", 0)), groups.get("limit")
