"""The pages that a text cites (https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat).

Perplexity's, OpenRouter's and xAI's answers on this wire have them in the same form.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Citation


class _Page(msgspec.Struct):
    url: str
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class _Annotation(msgspec.Struct):
    url_citation: _Page | None = None


_ANNOTATIONS: Final = msgspec.json.Decoder(list[_Annotation] | None)


def citations_in(annotations: Raw, *, placed: bool) -> list[Citation]:
    """``placed``: the message has one text, in which places count from its begin. None of annotations in another form:
    the text matters more than its sources.
    """
    try:
        known = _ANNOTATIONS.decode(annotations) or []
    except msgspec.ValidationError:
        return []
    return [_citation(one.url_citation, placed=placed) for one in known if one.url_citation]


def _citation(page: _Page, *, placed: bool) -> Citation:
    """Some vendors say 0 to 0 for the whole text."""
    start, end = page.start_index, page.end_index
    if not placed or start is None or end is None or end <= start:
        return Citation(page.url, page.title)
    return Citation(page.url, page.title, start, end)
