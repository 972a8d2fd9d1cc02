"""Content blocks → parts.

A block that the core doesn't have becomes a ``Text``. Its extensions hold the whole block:
``{"anthropic": {"block": …}}``, which Anthropic's wire sends back unchanged. The text says the same for other wires. It
is empty if there are no words for it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import msgspec
from msgspec import Raw

from turnout.core import (
    Extensions,
    File,
    Image,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from turnout.core.images import media_type_of

from .anthropic_bodies import Content, Source
from .fields import OPTIONAL_STRING, STRING, Fields, invalid, read, take, take_if_there
from .web_search import own_citations, search_in
from .words import words_of

NAMESPACE = "anthropic"
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_SOURCE = msgspec.json.Decoder(Source)
_CONTENT = msgspec.json.Decoder(Content | None)
_FLAG = msgspec.json.Decoder(bool | None)
_SAYS_NOTHING: dict[str, object] = {"caller": {"type": "direct"}, "citations": None}
"""Fields of blocks that mean the same as no such field, at these values."""

_ROLES = {
    "thinking": "assistant",
    "redacted_thinking": "assistant",
    "tool_use": "assistant",
    "tool_result": "user",
}
"""Type of block → the only role whose messages may hold it."""


def parts(content: Content, role: str, where: str) -> tuple[Part, ...]:
    """The parts of a message's or the system prompt's content. ``where`` is its path."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple([_part(block, role, f"{where}.{number}") for number, block in enumerate(content)])


def extensions_of(fields: Fields) -> Extensions:
    """``fields`` are those that the core doesn't have. Those that say nothing are left out: replies have them, too."""
    for name in _SAYS_NOTHING.keys() & fields.keys():
        if msgspec.json.decode(fields[name]) == _SAYS_NOTHING[name]:
            del fields[name]
    return {NAMESPACE: fields} if fields else None


def _part(block: Fields, role: str, where: str) -> Part:
    kind = _kind(block, where)
    if _ROLES.get(kind, role) != role:
        raise invalid(f"{where}.type", f"'{kind}' blocks can only be in '{_ROLES[kind]}' messages")
    reader = _READERS.get(kind)
    if reader is None:
        return search_in(kind, block, _whole(block)) or _content_part(kind, block, where)
    del block["type"]
    return reader(block, where)


def _kind(block: Fields, where: str) -> str:
    if "type" not in block:
        raise invalid(f"{where}.type", "Field required")
    return read(STRING, block["type"], where, "type")


def _content_part(kind: str, block: Fields, where: str) -> Text | Image | File:
    """Reads the blocks that both messages and tool results may hold."""
    reader = _CONTENT_READERS.get(kind)
    part = reader(block, where) if reader else None
    return part or Text(words_of(kind, block), _whole(block))


def _whole(block: Fields) -> Extensions:
    """The extensions that hold a whole block."""
    return {NAMESPACE: {"block": Raw(msgspec.json.encode(block))}}


def _text(block: Fields, where: str) -> Text:
    del block["type"]
    text = take(block, "text", STRING, where)
    if "citations" in block:
        own = own_citations(block.pop("citations"))
        if own is not None:
            block["citations"] = own
    return Text(text, extensions_of(block))


def _image(block: Fields, where: str) -> Image | None:
    """None for a source that only Anthropic can read: an uploaded file."""
    source = _source(block, where)
    match source.type:
        case "base64":
            _check_image(source, f"{where}.source")
            image = Image(data=source.data, media_type=source.media_type)
        case "url":
            image = Image(url=_address(source.url, where))
        case _:
            return None
    del block["type"], block["source"]
    return msgspec.structs.replace(image, extensions=extensions_of(block)) if block else image


def _check_image(source: Source, where: str) -> None:
    if source.media_type not in IMAGE_TYPES:
        raise invalid(f"{where}.media_type", f"expected one of {', '.join(IMAGE_TYPES)}")
    actual_type = media_type_of(source.data)
    if actual_type is None:
        raise invalid(f"{where}.data", "not the base64 of an image (without line breaks, without a 'data:' prefix)")
    if actual_type != source.media_type:
        raise invalid(f"{where}.media_type", f"the data is {actual_type}, not {source.media_type}")


def _document(block: Fields, where: str) -> File | None:
    """None for a source that only Anthropic can read: content blocks in place of a document."""
    source = _source(block, where)
    match source.type:
        case "base64":
            if source.data.startswith(("https://", "http://")):
                raise invalid(f"{where}.source.data", "expected base64; an address has a source of type 'url'")
            file = File(data=source.data, media_type=source.media_type)
        case "text":
            file = File(data=b64encode(source.data.encode()).decode(), media_type="text/plain")
        case "url":
            file = File(url=_address(source.url, where))
        case "file":
            file = File(file_id=source.file_id)
        case _:
            return None
    del block["type"], block["source"]
    title = take_if_there(block, "title", OPTIONAL_STRING, where)
    return msgspec.structs.replace(file, name=title, extensions=extensions_of(block))


def _tool_reference(block: Fields, where: str) -> Text:
    """A search of the client's has found a tool of the request. Other models have all of its tools from the start.

    https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool#custom-tool-search-implementation
    """
    name = read(STRING, block.get("tool_name", Raw(b"null")), where, "tool_name")
    return Text(f"The tool '{name}' can be called.", _whole(block))


def _address(url: str, where: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise invalid(f"{where}.source.url", "expected an http or https URL")
    return url


def _source(block: Fields, where: str) -> Source:
    if "source" not in block:
        raise invalid(f"{where}.source", "Field required")
    return read(_SOURCE, block["source"], where, "source")


def _thinking(block: Fields, where: str) -> Thinking:
    text = take(block, "thinking", STRING, where)
    return Thinking(text, take_if_there(block, "signature", OPTIONAL_STRING, where), extensions_of(block))


def _redacted_thinking(block: Fields, where: str) -> RedactedThinking:
    return RedactedThinking(take(block, "data", STRING, where), extensions_of(block))


def _tool_use(block: Fields, where: str) -> ToolCall:
    call_id = take(block, "id", STRING, where)
    name = take(block, "name", STRING, where)
    arguments = bytes(block.pop("input", Raw(b"null"))).decode()
    if not arguments.startswith("{"):
        raise invalid(f"{where}.input", "Input should be an object")
    return ToolCall(call_id, name, arguments, extensions_of(block))


def _tool_result(block: Fields, where: str) -> ToolResult:
    call_id = take(block, "tool_use_id", STRING, where)
    is_error = take_if_there(block, "is_error", _FLAG, where)
    content = take_if_there(block, "content", _CONTENT, where)
    results: tuple[Text | Image | File, ...]
    if isinstance(content, str):
        results = (Text(content),)
    else:
        results = tuple([_result_part(inner, f"{where}.content.{n}") for n, inner in enumerate(content or ())])
    return ToolResult(call_id, results, bool(is_error), extensions=extensions_of(block))


def _result_part(block: Fields, where: str) -> Text | Image | File:
    return _content_part(_kind(block, where), block, where)


_CONTENT_READERS: dict[str, Callable[[Fields, str], Text | Image | File | None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_reference": _tool_reference,
}
_READERS: dict[str, Callable[[Fields, str], Part]] = {
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
