"""The pages that a text cites (https://developers.openai.com/api/docs/guides/tools-web-search#output-and-citations)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from turnout.core import Citation


def annotations_of(citations: Sequence[Citation], length: int) -> list[dict[str, Any]]:
    """``length`` is that of the cited text, in characters."""
    return [
        {
            "type": "url_citation",
            "start_index": cited.start or 0,
            "end_index": length if cited.end is None else cited.end,
            "url": cited.url,
            "title": cited.title or "",
        }
        for cited in citations
    ]
