"""Searches of the web as items of an output, and the pages that its texts cite.

https://developers.openai.com/api/docs/guides/tools-web-search#output-and-citations
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, structs

from turnout.core import Part, Search, Source

from . import responses_bodies as wire
from .output import Item

_KIND: Final = "web_search_call"


class SearchItem(Item):
    """A search that the provider ran. It is open until its result comes, which may be a part of its own."""

    kind = "ws"

    def begin(self, search: Search) -> bytes:
        self._search = search
        frames = self._added({"type": _KIND, "status": "in_progress", "action": _action(search)})
        return frames + self._step("in_progress") + self._step("searching")

    def found(self, result: Search) -> bytes:
        """Whether ``result`` is that of this search is known by its id."""
        self._search = structs.replace(self._search, sources=result.sources, error=result.error)
        return self.end()

    def end(self) -> bytes:
        if self.whole is not None:
            return b""
        status = "failed" if self._search.error else "completed"
        frames = self._step("completed")
        return frames + self._done({"type": _KIND, "status": status, "action": _action(self._search)})

    def is_of(self, result: Search) -> bool:
        return self.whole is None and self._search.id == result.id

    def _step(self, name: str) -> bytes:
        return self._writer.write(f"response.{_KIND}.{name}", self._place)


def _action(search: Search) -> dict[str, Any]:
    sources = [{"type": "url", "url": source.url} for source in search.sources]
    return {
        "type": "search",
        "query": "; ".join(search.queries),
        "queries": list(search.queries),
        "sources": sources,
    }


# --- in an input -------------------------------------------------------------------------------------------


class _Page(msgspec.Struct):
    url: str | None = None
    title: str | None = None
    type: str | None = None


class _Action(msgspec.Struct):
    query: str | None = None
    queries: list[str] | None = None
    sources: list[_Page] | None = None
    url: str | None = None


class _Call(msgspec.Struct):
    action: _Action | None = None


_CALL: Final = msgspec.json.Decoder(_Call)
_PAGES: Final = msgspec.json.Decoder(list[_Page] | None)


def search_in(item: Raw) -> Search:
    """A search without a word for an item in another form. A page that was opened is a source."""
    try:
        action = _CALL.decode(item).action or _Action()
    except msgspec.ValidationError:
        return Search()
    queries = tuple(action.queries or ([action.query] if action.query else []))
    pages = [*(action.sources or ()), _Page(action.url)]
    return Search(queries=queries, sources=tuple([Source(page.url, page.title) for page in pages if page.url]))


def sources_in(parts: Sequence[wire.Part]) -> Iterator[Source]:
    """The pages that the texts of a message cite."""
    for part in parts:
        if part.annotations:
            yield from _cited(part.annotations)


def _cited(annotations: Raw) -> Iterator[Source]:
    try:
        pages = _PAGES.decode(annotations)
    except msgspec.ValidationError:  # of other tools
        return
    for page in pages or ():
        if page.type == "url_citation" and page.url:
            yield Source(page.url, page.title)


def with_sources(parts: Sequence[Part], sources: tuple[Source, ...]) -> list[Part]:
    """The parts of a turn that cites ``sources``. Its last search has found them, if it doesn't tell what it found."""
    searches = [number for number, part in enumerate(parts) if isinstance(part, Search)]
    if not searches:
        return [Search(sources=sources), *parts]
    last = parts[searches[-1]]
    if not isinstance(last, Search) or any(isinstance(part, Search) and part.sources for part in parts):
        return list(parts)
    return [*parts[: searches[-1]], structs.replace(last, sources=sources), *parts[searches[-1] + 1 :]]
