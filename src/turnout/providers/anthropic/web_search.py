"""Searches of the web that Anthropic ran, and the pages that its texts cite.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Citation, Extensions, Search, Source

from .anthropic_wire import Fields

_CALL: Final = "server_tool_use"
_RESULT: Final = "web_search_tool_result"
_NAME: Final = Raw(b'"web_search"')


class _Page(msgspec.Struct):
    """A page that was found, or one that is cited. Citations of documents have no address."""

    type: str = ""
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None


class _Query(msgspec.Struct):
    query: str | None = None


class _Call(msgspec.Struct):
    id: str = ""
    input: _Query | None = None


class _Failure(msgspec.Struct):
    error_code: str


class _Result(msgspec.Struct):
    tool_use_id: str = ""
    content: list[_Page] | _Failure | None = None


_PAGES: Final = msgspec.json.Decoder(list[_Page] | None)
_DECODERS: Final[dict[str, msgspec.json.Decoder[_Call] | msgspec.json.Decoder[_Result]]] = {
    _CALL: msgspec.json.Decoder(_Call),
    _RESULT: msgspec.json.Decoder(_Result),
}


def search_of(kind: str, block: Fields, whole: Extensions) -> Search | None:
    """``whole`` holds the block for Anthropic. None for a block of another type or form."""
    if kind not in _DECODERS or (kind == _CALL and block.get("name") != _NAME):
        return None
    try:
        result = _DECODERS[kind].decode(msgspec.json.encode(block))
    except msgspec.ValidationError:  # the answer matters more than what a search has found
        return None
    if isinstance(result, _Call):
        query = result.input.query if result.input else None
        return Search(result.id, queries=(query,) if query else (), extensions=whole)
    if isinstance(result.content, _Failure):
        return Search(result.tool_use_id, error=result.content.error_code, extensions=whole)
    sources = tuple([Source(page.url, page.title) for page in result.content or () if page.url])
    return Search(result.tool_use_id, sources=sources, extensions=whole)


def citations_in(citations: Raw | None) -> tuple[Citation, ...]:
    """Those of pages. None of a list in another form."""
    try:
        pages = _PAGES.decode(citations) if citations else None
    except msgspec.ValidationError:  # the text matters more than its sources
        return ()
    return tuple(
        [
            Citation(page.url, page.title, quote=page.cited_text)
            for page in pages or ()
            if page.type == "web_search_result_location" and page.url
        ]
    )
