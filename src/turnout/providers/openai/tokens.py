"""Usage as images and audio report it: in tokens of several kinds, or in seconds."""

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
    """Images say ``input_tokens_details``, transcriptions ``input_token_details``."""

    input_tokens: Count
    output_tokens: Count = 0
    input_tokens_details: _Details | None = None
    input_token_details: _Details | None = None
    output_tokens_details: _Details | None = None


_TOKENS = msgspec.json.Decoder(_Tokens | None)


def tokens_of(raw: Raw, *, pictures: bool = False) -> Usage | None:
    """None for what isn't counted in tokens (``{"type": "duration", "seconds": 9}``), and for what can't be believed.

    ``pictures``: where the output isn't told apart, all of it is the picture.
    """
    try:
        told = _TOKENS.decode(raw) if raw else None
    except msgspec.ValidationError:
        return None
    if told is None:
        return None
    given = told.input_tokens_details or told.input_token_details or _Details()
    made = told.output_tokens_details or _Details(image_tokens=told.output_tokens if pictures else None)
    return Usage(
        input=told.input_tokens,
        output=told.output_tokens,
        cached_input=given.cached_tokens or 0,
        audio_input=given.audio_tokens or 0,
        image_input=given.image_tokens or 0,
        audio_output=made.audio_tokens or 0,
        image_output=made.image_tokens or 0,
    )
