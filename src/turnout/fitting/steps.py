"""What a provider did by itself for an earlier answer, such as a search of the web. Only that provider takes it back.

Others are told in words what was searched and found. What has no words is left out: the answer that it led to is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from turnout.core import ChatRequest, Message, Part, Search, Text

from .fitting import Fitting


def steps_of_other_providers(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Those of an answer. Others have been refused (``meaning.py``)."""
    if not any(_is_foreign(part, fitting) for message in request.messages for part in message.parts):
        return request
    return structs.replace(request, messages=tuple(_told(request, fitting)))


def _told(request: ChatRequest, fitting: Fitting) -> Iterator[Message]:
    """A message that has nothing else is left out whole."""
    for number, message in enumerate(request.messages):
        parts = tuple(_parts(message, f"messages[{number}]", fitting))
        if parts or not message.parts:
            yield structs.replace(message, parts=parts)


def _parts(message: Message, where: str, fitting: Fitting) -> Iterator[Part]:
    for place, part in enumerate(message.parts):
        if not _is_foreign(part, fitting):
            yield part
            continue
        words = search_words(part) if isinstance(part, Search) else part.text if isinstance(part, Text) else ""
        path = f"{where}.content[{place}]"
        if words:
            fitting.said_otherwise(path, "in words")
            yield Text(words)
        else:
            fitting.left_out(path)


def _is_foreign(part: Part, fitting: Fitting) -> bool:
    extensions = part.extensions
    if isinstance(part, Search):
        return "block" not in (extensions or {}).get(fitting.support.namespace, {})
    if not extensions or not isinstance(part, Text):
        return False
    return any("block" in fields for name, fields in extensions.items() if name != fitting.support.namespace)


def search_words(search: Search) -> str:
    """Empty for a search of which nothing is known."""
    lines: list[str] = []
    if search.queries:
        queries = ", ".join([f'"{query}"' for query in search.queries])
        lines.append(f"Searched the web for {queries}.")
    if search.error:
        lines.append(f"The search failed: {search.error}.")
    if search.sources:
        lines.append("Found on the web:")
        lines += [f"- {source.title}: {source.url}" if source.title else f"- {source.url}" for source in search.sources]
    return "\n".join(lines)
