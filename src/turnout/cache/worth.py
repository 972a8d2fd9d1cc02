"""What may be kept: requests whose answer depends on nothing but themselves, and answers that are whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from turnout.core import (
    CacheMode,
    ChatRequest,
    EmbeddingRequest,
    Extensions,
    Failure,
    File,
    Finish,
    Image,
    ImageRequest,
    Message,
    Part,
    Pictures,
    Product,
    Request,
    Seam,
    StreamEvent,
    ToolResult,
    WireBody,
)

_WHOLE: Final = frozenset({"stop", "length", "tool_calls"})
"""Ends of an answer that the model has given. A filter may decide otherwise next time."""

_REFERS: Final = frozenset(
    {
        *("previous_response_id", "conversation", "background", "container"),
        *("mcp_servers", "web_search_options", "plugins", "cachedContent", "cached_content"),
    }
)
"""Fields by which a request depends on something that is kept elsewhere and may change, or asks for a tool that its
provider runs: https://platform.openai.com/docs/api-reference/responses/create,
https://docs.claude.com/en/api/messages, https://ai.google.dev/api/generate-content.
"""

_RESPONSES: Final = "openai-responses"
_MARKS: Final = (b"file_id", b"file_uri", b"fileUri", b"_url", b'"url"', b"container", b"item_reference")
"""A block that Turnout doesn't know and that has one of these in its JSON may name what isn't in the request."""

_TEMPERATURE: Final = 0.0
_TOOLS: Final = ("tools.", "tools[")
"""What dialects call a tool that stays JSON, in the extensions."""


def is_worth_asking(request: Request, mode: CacheMode) -> bool:
    """A quick look at what is read of every request: most that aren't kept are found here."""
    if mode == "never":
        return False
    if isinstance(request, EmbeddingRequest):
        return True
    if isinstance(request, ImageRequest):
        return mode == "always" and not request.stream
    if not isinstance(request, ChatRequest) or request.errand is not None:
        return False
    is_certain = request.sampling.temperature == _TEMPERATURE
    return (is_certain or (mode == "always" and request.n == 1)) and not _refers(request.raw)


def is_worth_keeping(request: ChatRequest | ImageRequest) -> bool:
    """Whether the answer depends on the request alone. ``request`` has been read whole."""
    if isinstance(request, ImageRequest):
        return not (request.url or any(image.url for image in request.images))
    return (
        not request.hosted
        and not _has_other_tools(request.extensions)
        and not any(map(_names_a_place, _parts(request.messages)))
        and not any(map(_may_refer, _extensions(request)))
    )


def kept_events(events: Sequence[StreamEvent]) -> Sequence[StreamEvent] | None:
    """The events of a whole and successful answer; None for any other."""
    finishes = [event for event in events if isinstance(event, Finish)]
    if any(finish.reason not in _WHOLE for finish in finishes):
        return None
    if any(isinstance(event, Seam | Failure) for event in events):
        return None
    products = [event for event in events if isinstance(event, Product)]
    if not products:
        return events
    result = products[0].result
    is_there = isinstance(result, Pictures) and all(picture.data for picture in result.pictures)
    return products if is_there else None


def _refers(raw: WireBody | None) -> bool:
    if raw is None:
        return False
    fields = raw.fields
    store = bytes(fields.get("store", b""))
    if store == b"true" or (raw.wire == _RESPONSES and (store != b"false" or "prompt" in fields)):
        return True  # OpenAI stores a response unless it is told not to
    return raw.continues is not None or not _REFERS.isdisjoint(fields)


def _parts(messages: Sequence[Message]) -> Iterator[Part]:
    for message in messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _names_a_place(part: Part) -> bool:
    if isinstance(part, Image):
        return part.url is not None
    return isinstance(part, File) and (part.url is not None or part.file_id is not None)


def _extensions(request: ChatRequest) -> Iterator[Extensions]:
    yield request.extensions
    for message in request.messages:
        yield message.extensions
    for part in _parts(request.messages):
        yield part.extensions


def _has_other_tools(extensions: Extensions) -> bool:
    """Whether there are tools that are no functions and that the core doesn't know: their provider may run them."""
    return any(name.startswith(_TOOLS) for fields in (extensions or {}).values() for name in fields)


def _may_refer(extensions: Extensions) -> bool:
    if not extensions:
        return False
    return any(_has_mark(name, value) for fields in extensions.values() for name, value in fields.items())


def _has_mark(name: str, value: msgspec.Raw) -> bool:
    text = name.encode() + bytes(value)
    return any(mark in text for mark in _MARKS)
