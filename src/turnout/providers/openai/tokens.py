"""The usage that images and audio report: in tokens of several kinds, or in seconds."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Usage

from .chat.chat_wire import Count


class _Details(msgspec.Struct):
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    cached_tokens: Count | None = None


class _Tokens(msgspec.Struct):
    """Images have ``input_tokens_details``, transcriptions ``input_token_details``."""

    input_tokens: Count
    output_tokens: Count = 0
    input_tokens_details: _Details | None = None
    input_token_details: _Details | None = None
    output_tokens_details: _Details | None = None


_TOKENS = msgspec.json.Decoder(_Tokens | None)


def tokens_of(raw: Raw, *, pictures: bool = False) -> Usage | None:
    """None for usage that isn't in tokens (``{"type": "duration", "seconds": 9}``), and for impossible numbers.

    ``pictures``: output without details is all for the picture.
    """
    try:
        tokens = _TOKENS.decode(raw) if raw else None
    except msgspec.ValidationError:
        return None
    if tokens is None:
        return None
    inputs = tokens.input_tokens_details or tokens.input_token_details or _Details()
    outputs = tokens.output_tokens_details or _Details(image_tokens=tokens.output_tokens if pictures else None)
    return Usage(
        input=tokens.input_tokens,
        output=tokens.output_tokens,
        cached_input=inputs.cached_tokens or 0,
        audio_input=inputs.audio_tokens or 0,
        image_input=inputs.image_tokens or 0,
        audio_output=outputs.audio_tokens or 0,
        image_output=outputs.image_tokens or 0,
    )
