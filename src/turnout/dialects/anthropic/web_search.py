"""Searches of the web in a conversation, and the pages that its texts cite.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool

Those of another provider have no encrypted content, without which Anthropic takes none of them back. So they have
Turnout's mark, and are left out of what Anthropic gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import Citation, Extensions, Search, Source
from turnout.core.seal import SEAL

from .fields import Fields

_CALL: Final = "server_tool_use"
_RESULT: Final = "web_search_tool_result"
_NAME: Final = Raw(b'"web_search"')
_ID: Final = f"srvtoolu_{SEAL}"


class _Page(msgspec.Struct):
    url: str | None = None
    title: str | None = None


class _Query(msgspec.Struct):
    query: str | None = None


class _Call(msgspec.Struct):
    id: str
    input: _Query


class _Failure(msgspec.Struct):
    error_code: str


class _Result(msgspec.Struct):
    tool_use_id: str
    content: list[_Page] | _Failure


_CALL_DECODER: Final = msgspec.json.Decoder(_Call)
_RESULT_DECODER: Final = msgspec.json.Decoder(_Result)
_CITATIONS: Final = msgspec.json.Decoder(list[Raw])


def search_block(search: Search) -> dict[str, Any]:
    """The block for a search of another provider, or for what it has found."""
    if search.queries:
        query = {"query": "; ".join(search.queries)}
        return {
            "type": _CALL,
            "id": _ID + search.id,
            "name": "web_search",
            "input": query,
            "caller": {"type": "direct"},
        }
    return {"type": _RESULT, "tool_use_id": _ID + search.id, "content": _found(search), "caller": {"type": "direct"}}


def _found(search: Search) -> list[dict[str, Any]] | dict[str, str]:
    if search.error:
        return {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    return [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title or source.url,
            "encrypted_content": "",
            "page_age": None,
        }
        for source in search.sources
    ]


def citation_fields(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    return [
        {
            "type": "web_search_result_location",
            "url": cited.url,
            "title": cited.title,
            "cited_text": cited.quote or "",
            "encrypted_index": SEAL,
        }
        for cited in citations
    ]


def search_in(kind: str, block: Fields, whole: Extensions) -> Search | None:
    """``whole`` holds the block for Anthropic. None for a block of another type or form."""
    is_call = kind == _CALL and block.get("name") == _NAME
    if not is_call and kind != _RESULT:
        return None
    data = msgspec.json.encode(block)
    try:
        return _call(_CALL_DECODER.decode(data), whole) if is_call else _result(_RESULT_DECODER.decode(data), whole)
    except msgspec.ValidationError:  # Anthropic may know this form
        return None


def _call(call: _Call, whole: Extensions) -> Search:
    queries = (call.input.query,) if call.input.query else ()
    return Search(call.id, queries, extensions=None if SEAL in call.id else whole)


def _result(result: _Result, whole: Extensions) -> Search:
    extensions = None if SEAL in result.tool_use_id else whole
    if isinstance(result.content, _Failure):
        return Search(result.tool_use_id, error=result.content.error_code, extensions=extensions)
    sources = tuple([Source(page.url, page.title) for page in result.content if page.url])
    return Search(result.tool_use_id, sources=sources, extensions=extensions)


def own_citations(citations: Raw) -> Raw | None:
    """Anthropic's own among a text's citations; None if there are none."""
    if SEAL.encode() not in bytes(citations) or bytes(citations)[:1] != b"[":
        return citations
    own = [each for each in _CITATIONS.decode(citations) if SEAL.encode() not in bytes(each)]
    return Raw(msgspec.json.encode(own)) if own else None
