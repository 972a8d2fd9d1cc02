"""Tokens of an attempt whose provider didn't report them (a stream that was cut, a client that left).

The estimate looks at the text's bytes and needs no table of tokens: a piece of a stream takes a third of a microsecond,
1,000 characters take 8. ``docs/tokens.md`` has its error.
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
    readable,
)
from turnout.routing import tokens_by_size
from turnout.tokens import TOKEN, weigh

_BYTES_PER_TOKEN = 4
"""In a whole reply that is relayed unread: mostly English and JSON."""


_WITHOUT_TEXT = (ImageRequest, TranscriptionRequest, SpeechRequest)
_MOST_WEIGHED = 64 * 1024  # characters of one text; they take half a millisecond
_SAMPLES = 64
_MOST_PARTS = 1000


def weight(text: str) -> int:
    """The weight of a text. A long one is weighed by samples, because adding up every byte would take long."""
    if len(text) <= _MOST_WEIGHED:
        return weigh(text.encode(errors="replace"))
    step = len(text) // _SAMPLES
    samples = "".join([text[at : at + _MOST_WEIGHED // _SAMPLES] for at in range(0, len(text), step)])
    return weight(samples[:_MOST_WEIGHED]) * len(text) // _MOST_WEIGHED


def weight_of_bytes(size: int) -> int:
    """The weight of a reply that has ``size`` bytes."""
    return size * TOKEN // _BYTES_PER_TOKEN


def estimated_usage(request: Request, output_tokens: int) -> Usage | None:
    """Usage marked as estimated, from the request's text and the tokens of the output so far.

    None for pictures and sounds: they are billed by seconds or pieces, of which the text says nothing.
    """
    if isinstance(request, _WITHOUT_TEXT):
        return None
    return Usage(input=tokens(_weight_of_all(_input_of(request))), output=output_tokens, source="estimated")


def input_at_a_glance(request: Request, size: int) -> int | None:
    """About how many tokens the input has, before it is sent; ``size`` is the request's, in bytes. It counts only if
    the process dies before the answer's end, so it costs next to nothing.
    """
    if isinstance(request, _WITHOUT_TEXT):
        return None
    return tokens_by_size(size, request if isinstance(request, ChatRequest) else None)


def _weight_of_all(parts: Sequence[object]) -> int:
    """The weight of all parts. Of very many, a sample is weighed."""
    step = max(1, len(parts) // _MOST_PARTS)
    return sum(map(weight_of, parts[::step])) * step


def tokens(weight: int) -> int:
    """Whole tokens, rounded up."""
    return -(-weight // TOKEN)


def _input_of(request: Request) -> Sequence[object]:
    match request:
        case ChatRequest():
            read = readable(request)
            return (*(part for message in read.messages for part in message.parts), *read.tools)
        case EmbeddingRequest(number=int(), inputs=inputs):
            return inputs
        case _:
            return ()


def weight_of(part: object) -> int:
    """The weight of a part's text. Token ids from a client count as that many tokens."""
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
