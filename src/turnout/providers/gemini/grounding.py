"""What Google's search has found for an answer: the queries, the pages, and which words are from which of them.

https://ai.google.dev/gemini-api/docs/google-search#grounding_response
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from turnout.core import Citation, Search, Source


class _Page(Struct):
    uri: str | None = None
    title: str | None = None


class _Chunk(Struct):
    """Other chunks than pages are of tools that only Google's clients can ask for."""

    web: _Page | None = None


class _Segment(Struct, rename="camel"):
    """``start_index`` and ``end_index`` count bytes of UTF-8 in the text of the whole candidate."""

    start_index: int = 0
    end_index: int = 0
    text: str = ""


class _Support(Struct, rename="camel"):
    segment: _Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class _Metadata(Struct, rename="camel"):
    web_search_queries: list[str] | None = None
    grounding_chunks: list[_Chunk] | None = None
    grounding_supports: list[_Support] | None = None


class Grounding(NamedTuple):
    """``citations`` are those of the candidate's last text."""

    searches: list[Search]
    citations: tuple[Citation, ...]


_METADATA: Final = msgspec.json.Decoder(_Metadata)
NOT_GROUNDED: Final = Grounding([], ())


def grounding_of(metadata: Raw, text: str, start: int) -> Grounding:
    """``text`` is the candidate's, of which its last text part begins at ``start``.

    Nothing of metadata in another form: the answer matters more than its sources.
    """
    try:
        known = _METADATA.decode(metadata)
    except msgspec.ValidationError:
        return NOT_GROUNDED
    pages = [chunk.web for chunk in known.grounding_chunks or ()]
    sources = tuple([Source(page.uri, page.title) for page in pages if page and page.uri])
    queries = tuple(known.web_search_queries or ())
    searches = [Search("1", queries=queries), Search("1", sources=sources)] if queries or sources else []
    return Grounding(searches, tuple(_citations(known.grounding_supports or [], pages, text, start)))


def _citations(supports: list[_Support], pages: list[_Page | None], text: str, start: int) -> Iterator[Citation]:
    data = text.encode(errors="replace")
    for support in supports:
        place = _place(support.segment, text, data) if support.segment else None
        if place is not None:
            place = (place[0] - start, place[1] - start) if place[0] >= start else None
        for number in support.grounding_chunk_indices or ():
            page = pages[number] if 0 <= number < len(pages) else None
            if page and page.uri:
                yield Citation(page.uri, page.title, *(place or (None, None)))


def _place(segment: _Segment, text: str, data: bytes) -> tuple[int, int] | None:
    """In characters. Google's numbers are sometimes wrong, and then the words say the place."""
    words = data[segment.start_index : segment.end_index]
    if words and words == segment.text.encode(errors="replace"):
        first = len(data[: segment.start_index].decode(errors="replace"))
    else:
        first = text.find(segment.text) if segment.text else -1
    return None if first < 0 else (first, first + len(segment.text))
