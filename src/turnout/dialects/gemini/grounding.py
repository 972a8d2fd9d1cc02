"""The searches of the web for an answer, and the pages that it cites, as Google's search tells them.

https://ai.google.dev/gemini-api/docs/google-search#grounding_response
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from turnout.core import Citation, Part, Search, Text


class Grounding:
    """That of one candidate. Places count in bytes of UTF-8 from the start of the candidate's text."""

    def __init__(self) -> None:
        self._queries: list[str] = []
        self._pages: dict[str, str] = {}  # titles by address, in the order of their numbers
        self._supports: list[dict[str, Any]] = []
        self._length = 0

    def add(self, part: Part) -> None:
        """A whole part of the answer."""
        if isinstance(part, Search):
            self._queries += part.queries
            for source in part.sources:
                self._number_of(source.url, source.title)
        elif isinstance(part, Text):
            self._supports += [self._support(cited, part.text) for cited in part.citations]
            self._length += len(part.text.encode(errors="replace"))

    def fields(self) -> dict[str, Any]:
        """``groundingMetadata``, or nothing for an answer without a search."""
        if not self._queries and not self._pages:
            return {}
        chunks = [{"web": {"uri": url, "title": title}} for url, title in self._pages.items()]
        metadata: dict[str, Any] = {"webSearchQueries": self._queries, "groundingChunks": chunks}
        if self._supports:
            metadata["groundingSupports"] = self._supports
        return {"groundingMetadata": metadata}

    def _number_of(self, url: str, title: str | None) -> int:
        self._pages.setdefault(url, title or url)
        return list(self._pages).index(url)

    def _support(self, cited: Citation, text: str) -> dict[str, Any]:
        start = cited.start or 0
        words = text[start : cited.end]
        first = self._length + len(text[:start].encode(errors="replace"))
        segment = {"startIndex": first, "endIndex": first + len(words.encode(errors="replace")), "text": words}
        return {"segment": segment, "groundingChunkIndices": [self._number_of(cited.url, cited.title)]}


def grounding_of(parts: Iterable[Part]) -> dict[str, Any]:
    grounding = Grounding()
    for part in parts:
        grounding.add(part)
    return grounding.fields()
