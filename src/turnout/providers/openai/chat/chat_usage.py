"""What a completion used (https://platform.openai.com/docs/api-reference/chat/object), with the habits of vendors.

- Cached tokens are ``cached_tokens`` at the top level at Moonshot and Together
  (https://platform.moonshot.ai/docs/api/chat), ``prompt_cache_hit_tokens`` at DeepSeek
  (https://api-docs.deepseek.com/guides/kv_cache).
- xAI counts reasoning apart from the completion. Its ``cost_in_usd_ticks`` are 10⁻¹⁰ USD (as the replies recorded in
  https://github.com/vercel/ai, packages/xai, show at its prices).
- SGLang has ``reasoning_tokens`` at the top level.
- Mistral has ``prompt_audio_seconds`` (https://docs.mistral.ai/capabilities/audio/).
- OpenRouter tells its ``cost`` in USD (https://openrouter.ai/docs/use-cases/usage-accounting), Perplexity
  ``cost.total_cost`` (https://docs.perplexity.ai/api-reference/chat-completions-post).
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw

from turnout.core import Usage, picodollars, with_extra
from turnout.providers.unreadable import decode_if_known
from turnout.providers.usage import service_tier, whole_input

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_PICO_PER_TICK: Final = 100
_MOST_USD: Final = Decimal(1_000_000)


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    video_tokens: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


_NO_INPUT_DETAILS: Final = InputDetails()
_NO_OUTPUT_DETAILS: Final = OutputDetails()


class ServerToolUse(msgspec.Struct, gc=False):
    """OpenRouter's."""

    web_search_requests: Count | None = None


class UsageFields(msgspec.Struct, gc=False):
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cached_tokens: Count | None = None
    prompt_cache_hit_tokens: Count | None = None
    prompt_audio_seconds: Count | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    server_tool_use: ServerToolUse | None = None
    num_search_queries: Count | None = None
    cost: Raw = Raw()
    cost_details: Raw = Raw()
    cost_in_usd_ticks: Count | None = None
    is_byok: bool = False

    def usage(self, tier: str) -> Usage:
        inputs = self.prompt_tokens_details or _NO_INPUT_DETAILS
        outputs = self.completion_tokens_details or _NO_OUTPUT_DETAILS
        cached = inputs.cached_tokens or self.cached_tokens or self.prompt_cache_hit_tokens or 0
        written = inputs.cache_write_tokens or 0
        input_tokens = self.prompt_tokens or 0
        usage = Usage(
            input=whole_input(input_tokens, cached, written),
            output=max(self.completion_tokens or 0, (self.total_tokens or 0) - input_tokens),
            cached_input=cached,
            cache_write=written,
            reasoning=outputs.reasoning_tokens or self.reasoning_tokens or 0,
            audio_input=inputs.audio_tokens or 0,
            audio_output=outputs.audio_tokens or 0,
            image_input=inputs.image_tokens or 0,
            image_output=outputs.image_tokens or 0,
        )
        more = self.cost or self.cost_in_usd_ticks or self.server_tool_use or self.num_search_queries
        if not (more or tier or inputs.video_tokens or self.prompt_audio_seconds):
            return usage
        return with_extra(
            usage,
            video_input=inputs.video_tokens,
            seconds=self.prompt_audio_seconds,
            web_searches=self._web_searches,
            service_tier=tier,
            told_cost=self._told_cost(),
        )

    @property
    def _web_searches(self) -> int:
        tools = self.server_tool_use
        return (tools.web_search_requests if tools else self.num_search_queries) or 0

    def _told_cost(self) -> int:
        """Picodollars; 0 for a cost whose currency isn't certain. With a key of one's own OpenRouter tells its fee."""
        if self.cost_in_usd_ticks:
            return self.cost_in_usd_ticks * _PICO_PER_TICK
        if not self.cost or self.is_byok:
            return 0
        told = decode_if_known(_TOTAL, bytes(self.cost), "The provider sent a cost that can't be read.")
        usd = str(told.total_cost) if told else bytes(self.cost).decode() if self.cost_details else "0"
        return _picodollars(usd)


class _Total(msgspec.Struct):
    total_cost: float


_TOTAL = msgspec.json.Decoder(_Total)
_USAGE = msgspec.json.Decoder(UsageFields | None)
_NULL = Raw(b"null")
_TIER = re.compile(rb'"service_tier"\s*:\s*"(\w*)"')


def usage_of(raw: Raw, reply: bytes = b"") -> Usage | None:
    """None without usage and for impossible numbers: the answer matters more than its count.

    ``reply`` is what the usage came in. It has the service tier, which is looked for only here, beside the usage.
    """
    if not raw or raw == _NULL:
        return None
    try:
        fields = _USAGE.decode(raw)
    except msgspec.ValidationError:
        fields = decode_if_known(_USAGE, bytes(raw), "The provider sent usage that can't be read.")
    return fields.usage(tier_in(reply)) if fields else None


def tier_in(reply: bytes) -> str:
    """The service tier that a reply tells. Inside of a text its name has no quotes that aren't escaped."""
    at = reply.rfind(b'"service_tier"')
    told = _TIER.match(reply, at) if at >= 0 else None
    return service_tier(told[1].decode()) if told else ""


def _picodollars(usd: str) -> int:
    try:
        amount = Decimal(usd)
    except InvalidOperation:
        return 0
    return picodollars(amount) if 0 <= amount <= _MOST_USD else 0
