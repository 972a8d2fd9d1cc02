"""Turns messages into Anthropic's turns.

- Tool results are the first blocks of the user's turn.
- Successive messages of one role become one turn.
- System messages at the beginning become the system prompt. Older models refuse later ones, which therefore become
  text of the user's turn in ``<system>`` tags.
- Thoughts without a signature are another provider's. They are left out, as Anthropic takes only its own.
- Texts without a word are left out, and blanks at the end of an answer that was begun: Anthropic refuses both.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from turnout.core import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    RedactedThinking,
    Refusal,
    Search,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from turnout.core.images import media_type_of
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers.tool_calls import arguments_of

from .anthropic_wire import NAMESPACE

Block = dict[str, Any]

_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_JSON_ONLY = "Answer with one JSON object and nothing else: no other words, no code fence."
"""Asks for JSON in the prompt, as Anthropic has no mode for JSON without a schema."""

_REFUSED_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def system_of(request: ChatRequest) -> str | list[Any] | None:
    """The system prompt, from the messages that begin the conversation."""
    parts = [part for message in _leading(request) for part in message.parts]
    blocks = [block for part in parts for block in _blocks(part, "system")]
    if request.output.kind == "json":
        blocks.append({"type": "text", "text": _JSON_ONLY})
    if not blocks:
        return None
    return _shortest(blocks)


def conversation(request: ChatRequest) -> list[dict[str, Any]]:
    """The turns after the system prompt."""
    turns: list[dict[str, Any]] = []
    first = len(_leading(request))
    for number, message in enumerate(request.messages[first:], first):
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _message_blocks(message, f"messages[{number}]")
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise InvalidRequest("No message has a word: say something.", param="messages")
    if turns[-1]["role"] == "assistant":
        _strip_end(turns[-1]["content"])
    for turn in turns:
        turn["content"] = _shortest(_results_first(turn["content"]))
    return turns


def _strip_end(blocks: list[Any]) -> None:
    last = blocks[-1]
    if isinstance(last, dict) and last["type"] == "text":
        blocks[-1] = last | {"text": last["text"].rstrip()}


def _leading(request: ChatRequest) -> list[Message]:
    return list(takewhile(lambda message: message.role == "system", request.messages))


def _message_blocks(message: Message, where: str) -> list[Any]:
    blocks = [block for part in message.parts for block in _blocks(part, where)]
    if message.role != "system":
        return blocks
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    return [{"type": "text", "text": "<system>\n" + "\n".join(texts) + "\n</system>"}]


def _results_first(blocks: list[Any]) -> list[Any]:
    return sorted(blocks, key=lambda block: not isinstance(block, dict) or block["type"] != "tool_result")


def _shortest(blocks: list[Any]) -> str | list[Any]:
    """The blocks, or a string if their only one is a plain text."""
    only = blocks[0]
    if len(blocks) == 1 and isinstance(only, dict) and only.keys() == {"type", "text"}:
        return str(only["text"])
    return blocks


def _blocks(part: Part, where: str) -> Iterator[Any]:
    """The part's block; none for a part that Anthropic doesn't take."""
    extra = (part.extensions or {}).get(NAMESPACE) or {}
    match part:
        case Text():
            if "block" in extra:
                yield extra["block"]
            elif part.text.strip():
                yield {"type": "text", "text": part.text, **extra}
        case Thinking(signature=str(signature)) if signature:
            yield {"type": "thinking", "thinking": part.text, "signature": signature, **extra}
        case RedactedThinking():
            yield {"type": "redacted_thinking", "data": part.data, **extra}
        case Refusal() if part.text.strip():
            yield {"type": "text", "text": part.text}
        case Search() if "block" in extra:
            yield extra["block"]
        case Image() | File() | ToolCall() | ToolResult():
            yield _block(part, where) | extra
        case Audio():
            raise InvalidRequest("Audio has no place in an Anthropic conversation.", param=where)


def _block(part: Image | File | ToolCall | ToolResult, where: str) -> Block:
    match part:
        case Image():
            return {"type": "image", "source": _image_source(part, where)}
        case File():
            title = {"title": part.name} if part.name is not None else {}
            return {"type": "document", "source": _document_source(part, where), **title}
        case ToolCall():
            arguments = arguments_of(part, where)
            return {"type": "tool_use", "id": _allowed_id(part.id), "name": part.name, "input": arguments}
        case ToolResult():
            return _tool_result(part, where)


def _tool_result(part: ToolResult, where: str) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _allowed_id(part.call_id)}
    content = [inner for piece in part.parts for inner in _blocks(piece, where)]
    if content:
        block["content"] = _shortest(content)
    if part.is_error:
        block["is_error"] = True
    return block


def _allowed_id(call_id: str) -> str:
    """Replaces characters that Anthropic refuses in ids. A call's id and its result's change in the same way."""
    return _REFUSED_IN_ID.sub("_", call_id)


def _image_source(image: Image, where: str) -> Block:
    if image.url is not None:
        return {"type": "url", "url": image.url}
    data = image.data or ""
    media_type = media_type_of(data) or image.media_type
    if media_type not in _IMAGE_TYPES:
        types = ", ".join(sorted(_IMAGE_TYPES))
        raise Unsupported(f"The provider 'anthropic' takes images of type {types}, not {media_type}.", param=where)
    return {"type": "base64", "media_type": media_type, "data": data}


def _document_source(file: File, where: str) -> Block:
    if file.url is not None:
        return {"type": "url", "url": file.url}
    if file.file_id is not None:
        return {"type": "file", "file_id": file.file_id}
    data = file.data or ""
    media_type = file.media_type or "application/pdf"
    if media_type == "application/pdf":
        return {"type": "base64", "media_type": media_type, "data": data}
    if not media_type.startswith("text/"):
        raise Unsupported(f"The provider 'anthropic' takes PDF and text files, not {media_type}.", param=where)
    return {"type": "text", "media_type": "text/plain", "data": _decoded(data, where)}


def _decoded(data: str, where: str) -> str:
    try:
        return b64decode(data, validate=True).decode()
    except (NotBase64, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The text file in {where} is not base64 of UTF-8 text: {error}.", param=where) from error
