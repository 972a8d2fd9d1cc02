"""What a response used (https://platform.openai.com/docs/api-reference/responses/object)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Usage, with_extra
from turnout.providers.openai.chat.chat_usage import Count
from turnout.providers.unreadable import decode_if_known
from turnout.providers.usage import service_tier, whole_input

from .responses_wire import Response


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    image_tokens: Count | None = None
    audio_tokens: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None


class UsageFields(msgspec.Struct):
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class _Action(msgspec.Struct):
    type: str | None = None


class _Item(msgspec.Struct):
    """One of the output's items. Only those of tools that run at the provider have one of these fields."""

    type: str | None = None
    status: str | None = None
    action: _Action | None = None
    container_id: str | None = None


_USAGE = msgspec.json.Decoder(UsageFields | None)
_OUTPUT = msgspec.json.Decoder(list[_Item] | None)
_WEB: Final = "web_search_call"
_FILES: Final = "file_search_call"
_CODE: Final = "code_interpreter_call"
_SOLD: Final = (b'"web_search_call"', b'"file_search_call"', b'"code_interpreter_call"')
_FREE_ACTIONS: Final = ("open_page", "find_in_page")
"""Only a search is billed (https://developers.openai.com/api/docs/guides/tools-web-search, "Output and citations")."""


def usage_of(response: Response) -> Usage | None:
    """None without usage and for impossible numbers: the answer matters more than its count."""
    raw = response.usage
    fields = decode_if_known(_USAGE, bytes(raw), "The provider sent usage that can't be read.") if raw else None
    if fields is None or (fields.input_tokens is None and fields.output_tokens is None):
        return None
    inputs = fields.input_tokens_details or InputDetails()
    outputs = fields.output_tokens_details or OutputDetails()
    cached, written = inputs.cached_tokens or 0, inputs.cache_write_tokens or 0
    usage = Usage(
        input=whole_input(fields.input_tokens or 0, cached, written),
        output=fields.output_tokens or 0,
        cached_input=cached,
        cache_write=written,
        reasoning=outputs.reasoning_tokens or 0,
        image_input=inputs.image_tokens or 0,
        audio_input=inputs.audio_tokens or 0,
    )
    usage = _with_tools(usage, response.output)
    tier = service_tier(response.service_tier)
    return with_extra(usage, service_tier=tier) if tier else usage


def _with_tools(usage: Usage, output: Raw) -> Usage:
    """``usage`` with what tools of the provider did. A container is sold once, however often code ran in it."""
    items = bytes(output)
    if not any(name in items for name in _SOLD):
        return usage
    done = decode_if_known(_OUTPUT, items, "The provider sent an output that can't be read.") or []
    return with_extra(
        usage,
        web_searches=sum(1 for item in _done(done, _WEB) if not item.action or item.action.type not in _FREE_ACTIONS),
        file_searches=sum(1 for _ in _done(done, _FILES)),
        code_executions=len({item.container_id for item in _done(done, _CODE)}),
    )


def _done(items: list[_Item], kind: str) -> Iterator[_Item]:
    """A search that failed isn't billed."""
    return (item for item in items if item.type == kind and item.status != "failed")
