"""What a message used (https://platform.claude.com/docs/en/api/messages, "Usage").

The input is told in three counts, which exclude each other. Some servers count it only at the stream's start.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from turnout.core import Extra, InnerUsage, Usage
from turnout.core.usage import NO_EXTRA
from turnout.providers.usage import region, service_tier


class CacheCreation(msgspec.Struct, gc=False):
    """What was written to the cache, by how long it stays there."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class ServerToolUse(msgspec.Struct, gc=False):
    """Web fetches are free (https://platform.claude.com/docs/en/about-claude/pricing#web-fetch-tool)."""

    web_search_requests: int | None = None
    code_execution_requests: int | None = None


class OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class Tokens(msgspec.Struct, gc=False):
    """The tokens of a message, or of one of its iterations, which has a ``type``."""

    type: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation: CacheCreation | None = None


class UsageFields(Tokens):
    output_tokens_details: OutputDetails | None = None
    iterations: list[Tokens] | None = None
    server_tool_use: ServerToolUse | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


_counts = attrgetter("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
_STANDARD: Final = (None, "", "standard")
_FALLBACK: Final = "fallback_message"
_MOST_INNER: Final = 16
"""Iterations of other models that are priced apart. No reply has had as many."""


def usage_of(fields: UsageFields) -> Usage:
    """The whole usage, with what Anthropic's totals leave out."""
    fresh, cached, written, output = [count or 0 for count in _counts(fields)]
    details, tools = fields.output_tokens_details, fields.server_tool_use
    usage = Usage(
        input=fresh + cached + written,
        output=output,
        cached_input=cached,
        cache_write=written,
        reasoning=(details.thinking_tokens or 0) if details else 0,
    )
    if fields.iterations:
        usage = _with_iterations(usage, fields.iterations, region(fields.inference_geo))
    extra = Extra(
        cache_write_1h=_written_1h(fields, usage.cache_write) if written and fields.cache_creation else 0,
        web_searches=(tools.web_search_requests or 0) if tools else 0,
        code_executions=(tools.code_execution_requests or 0) if tools else 0,
        service_tier=service_tier(fields.service_tier),
        speed="" if fields.speed in _STANDARD else "fast",
        region=region(fields.inference_geo),
        inner=usage.extra.inner,
    )
    return usage if extra == NO_EXTRA else msgspec.structs.replace(usage, extra=extra)


def _written_1h(fields: Tokens, written: int) -> int:
    """As much of ``written`` as stays for an hour.

    A stream divides only what it had written when it began. If all of that stays for an hour, so does the rest.
    """
    creation = fields.cache_creation or CacheCreation()
    for_an_hour = creation.ephemeral_1h_input_tokens or 0
    return written if for_an_hour and not creation.ephemeral_5m_input_tokens else min(for_an_hour, written)


def _with_iterations(usage: Usage, iterations: Sequence[Tokens], where: str) -> Usage:
    """``usage`` with what its totals leave out: compaction, other models, and the input of later iterations.

    Each iteration is billed, at the price of its own model (``…/agents-and-tools/tool-use/advisor-tool``, "Usage and
    billing", and ``…/build-with-claude/compaction``). The totals have the input of the first one, or that of all.
    """
    if any(iteration.type == _FALLBACK for iteration in iterations):
        return _with_inner(Usage(reasoning=usage.reasoning), _answered(iterations), where)
    messages = _sum([_usage_of_one(each) for each in iterations if each.type == "message"])
    others = [each for each in iterations if each.type != "message"]
    compactions = _sum([_usage_of_one(each) for each in others if each.model is None])
    counts = {name: max(getattr(usage, name), getattr(messages, name)) for name in _SUMMED}
    counts = {name: count + getattr(compactions, name) for name, count in counts.items()}
    own = msgspec.structs.replace(usage, **counts)
    return _with_inner(own, [each for each in others if each.model is not None], where)


def _answered(iterations: Sequence[Tokens]) -> list[Tokens]:
    """Those that said something. One that was declined before isn't billed
    (``…/build-with-claude/refusals-and-fallback``).
    """
    return [iteration for iteration in iterations if iteration.output_tokens]


def _with_inner(own: Usage, iterations: Sequence[Tokens], where: str) -> Usage:
    inner = tuple(
        [InnerUsage(each.model or "", _usage_of_one(each, region=where)) for each in iterations[:_MOST_INNER]]
    )
    whole = _sum([own, *[_usage_of_one(iteration) for iteration in iterations]])
    return msgspec.structs.replace(whole, reasoning=own.reasoning, extra=Extra(inner=inner) if inner else NO_EXTRA)


def _usage_of_one(tokens: Tokens, region: str = "") -> Usage:
    fresh, cached, written, output = [count or 0 for count in _counts(tokens)]
    extra = Extra(cache_write_1h=_written_1h(tokens, written), region=region)
    return Usage(
        input=fresh + cached + written,
        output=output,
        cached_input=cached,
        cache_write=written,
        extra=NO_EXTRA if extra == NO_EXTRA else extra,
    )


_SUMMED: Final = ("input", "output", "cached_input", "cache_write")


def _sum(usages: Sequence[Usage]) -> Usage:
    return Usage(**{name: sum([getattr(usage, name) for usage in usages]) for name in _SUMMED})


def merged(first: UsageFields | None, second: UsageFields) -> UsageFields:
    """``first`` with the fields of ``second``, a later count, except those that ``second`` has not, or has as zero."""
    if first is None:
        return second
    later = {name: value for name in second.__struct_fields__ if (value := getattr(second, name))}
    return msgspec.structs.replace(first, **later)
