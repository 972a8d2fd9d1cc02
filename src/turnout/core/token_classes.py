"""An attempt's tokens in disjoint classes: each token is in exactly one, and so is billed once."""

from __future__ import annotations

from typing import NamedTuple


class InputTokens(NamedTuple):
    """``text`` and the media are neither read from a cache nor written to one.

    ``written`` is kept for minutes, ``written_1h`` for an hour.
    """

    text: int
    audio: int
    image: int
    video: int
    cached: int
    cached_audio: int
    cached_image: int
    written: int
    written_1h: int


class OutputTokens(NamedTuple):
    text: int
    reasoning: int
    audio: int
    image: int
    video: int
