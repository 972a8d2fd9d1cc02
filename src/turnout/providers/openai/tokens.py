"""What images and audio used: tokens of several kinds, seconds or pictures.

https://platform.openai.com/docs/api-reference/audio/json-object and …/images/object
"""

from __future__ import annotations

from math import ceil
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import Extra, Usage, with_extra

from .chat.chat_usage import Count


class _CachedDetails(msgspec.Struct):
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


class _Details(msgspec.Struct):
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    cached_tokens: Count | None = None
    cached_tokens_details: _CachedDetails | None = None


class _Tokens(msgspec.Struct):
    """Images have ``input_tokens_details``, transcriptions ``input_token_details``."""

    input_tokens: Count
    output_tokens: Count = 0
    input_tokens_details: _Details | None = None
    input_token_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Duration(msgspec.Struct):
    seconds: Annotated[float, Meta(gt=0, le=10**9)]


_TOKENS = msgspec.json.Decoder(_Tokens | None)
_DURATION = msgspec.json.Decoder(_Duration)
_PICTURES = msgspec.json.Decoder(list[Raw])


def tokens_of(raw: Raw, *, pictures: bool = False) -> Usage | None:
    """None for impossible numbers. Sound may be told in seconds: ``{"type": "duration", "seconds": 9}``.

    ``pictures``: output without details is all for the picture.
    """
    try:
        tokens = _TOKENS.decode(raw) if raw else None
    except msgspec.ValidationError:
        return _seconds_of(raw)
    if tokens is None:
        return None
    inputs = tokens.input_tokens_details or tokens.input_token_details or _Details()
    outputs = tokens.output_tokens_details or _Details(image_tokens=tokens.output_tokens if pictures else None)
    usage = Usage(
        input=tokens.input_tokens,
        output=tokens.output_tokens,
        cached_input=inputs.cached_tokens or 0,
        audio_input=inputs.audio_tokens or 0,
        image_input=inputs.image_tokens or 0,
        audio_output=outputs.audio_tokens or 0,
        image_output=outputs.image_tokens or 0,
    )
    cached = inputs.cached_tokens_details
    if cached is None:
        return usage
    return with_extra(usage, cached_audio=cached.audio_tokens, cached_image=cached.image_tokens)


def _seconds_of(raw: Raw) -> Usage | None:
    try:
        seconds = ceil(_DURATION.decode(raw).seconds)
    except msgspec.ValidationError:
        return None
    return Usage(extra=Extra(seconds=seconds))


def pictures_of(rows: Raw) -> Usage:
    """The usage of a reply that tells none: so many pictures."""
    return Usage(extra=Extra(images=len(_PICTURES.decode(rows))))
