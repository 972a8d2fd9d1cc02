"""Tokens of an attempt whose provider didn't report them (a stream that was cut, a client that left).

Told by the text's bytes, without any table of tokens: a piece of a stream takes a third of a microsecond, 1,000
characters take 8. The error is in ``docs/tokens.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import (
    ChatRequest,
    EmbeddingRequest,
    ImageRequest,
    Refusal,
    Request,
    SpeechRequest,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    TranscriptionRequest,
    Usage,
)

TOKEN = 100
"""Weights are hundredths of a token."""

_BYTES_PER_TOKEN = 4
"""Of a reply that nobody looks into: mostly English and JSON."""


def _weights() -> bytes:
    """What each byte of UTF-8 weighs, fitted to o200k_base over texts of 18 kinds and languages.

    Letters are in words, and spaces join them. The first byte of a character tells its script, roughly; the others
    weigh nothing.
    """
    table = bytearray(256)
    for first, last, weight in (
        (0x00, 0x1F, 58),  # line ends, tabs
        (0x21, 0x2F, 46),  # symbols
        (0x30, 0x39, 85),  # digits
        (0x3A, 0x40, 46),
        (0x41, 0x5A, 29),  # letters
        (0x5B, 0x60, 46),
        (0x61, 0x7A, 29),
        (0x7B, 0x7F, 46),
        (0xC2, 0xDF, 40),  # Latin with accents, Greek, Cyrillic, Hebrew, Arabic
        (0xE0, 0xE0, 43),  # India's scripts, Thai
        (0xE1, 0xEF, 81),  # Chinese, Japanese, Korean
        (0xF0, 0xF4, 233),  # emoji
    ):
        table[first : last + 1] = bytes([weight]) * (last + 1 - first)
    return bytes(table)


_WEIGHTS = _weights()
_MOST_WEIGHED = 64 * 1024  # characters of one text, which take half a millisecond
_SAMPLES = 64
_MOST_PARTS = 1000


def weight(text: str) -> int:
    """Of a long one, by samples: they tell as much, and adding up every byte would take long."""
    if len(text) <= _MOST_WEIGHED:
        return sum(text.encode(errors="replace").translate(_WEIGHTS))
    step = len(text) // _SAMPLES
    samples = "".join([text[at : at + _MOST_WEIGHED // _SAMPLES] for at in range(0, len(text), step)])
    return weight(samples[:_MOST_WEIGHED]) * len(text) // _MOST_WEIGHED


def weight_of_bytes(size: int) -> int:
    """Of a reply of that many bytes."""
    return size * TOKEN // _BYTES_PER_TOKEN


def estimated_usage(request: Request, output_tokens: int) -> Usage | None:
    """Usage marked as estimated, from the request's text and the output that was seen.

    None for pictures and sounds: their words tell nothing of what is billed, which may be seconds or pieces.
    """
    if isinstance(request, ImageRequest | TranscriptionRequest | SpeechRequest):
        return None
    return Usage(input=tokens(_weight_of_all(_asked(request))), output=output_tokens, source="estimated")


def _weight_of_all(asked: Sequence[object]) -> int:
    """Of many, a sample is weighed, too."""
    step = max(1, len(asked) // _MOST_PARTS)
    return sum(map(weight_of, asked[::step])) * step


def tokens(weight: int) -> int:
    """Whole ones, rounded up."""
    return -(-weight // TOKEN)


def _asked(request: Request) -> Sequence[object]:
    match request:
        case ChatRequest(messages=messages, tools=tools):
            return (*(part for message in messages for part in message.parts), *tools)
        case EmbeddingRequest(inputs=inputs):
            return inputs
        case _:
            return ()


def weight_of(part: object) -> int:
    """What a part says in words. Tokens that a client made itself count as what they are."""
    match part:
        case str():
            return weight(part)
        case tuple():
            return len(part) * TOKEN
        case Text(text=text) | Thinking(text=text) | Refusal(text=text):
            return weight(text)
        case ToolCall(name=name, arguments=arguments):
            return weight(name) + weight(arguments)
        case ToolResult(parts=parts):
            return _weight_of_all(parts)
        case Tool(name=name, description=description, parameters=schema):
            return weight(name) + weight(description or "") + weight(bytes(schema or b"").decode(errors="replace"))
    return 0
