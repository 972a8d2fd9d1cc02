"""The pages that a message cites, in an answer and in a history (https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import Citation, Source


class _Page(msgspec.Struct):
    url: str
    title: str | None = None


class _Annotation(msgspec.Struct):
    url_citation: _Page | None = None


_ANNOTATIONS: Final = msgspec.json.Decoder(list[_Annotation] | None)


def sources_in(annotations: Raw) -> tuple[Source, ...]:
    """The pages, each once. None of annotations in another form: the message matters more."""
    try:
        known = _ANNOTATIONS.decode(annotations) or []
    except msgspec.ValidationError:
        return ()
    pages = [one.url_citation for one in known if one.url_citation]
    return tuple(dict.fromkeys(Source(page.url, page.title) for page in pages))


def annotations_of(citations: Sequence[Citation], start: int, length: int) -> list[dict[str, Any]]:
    """``start`` and ``length`` are those of the cited text in the message's content, in characters."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start + (cited.start or 0),
                "end_index": start + (length if cited.end is None else cited.end),
                "title": cited.title or "",
                "url": cited.url,
            },
        }
        for cited in citations
    ]
