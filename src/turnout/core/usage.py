"""Token counts of one attempt."""

from __future__ import annotations

from typing import Literal

import msgspec

MOST = 2**31 - 1
"""More tokens than any answer has."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``input`` includes ``cached_input`` and ``cache_write``; ``output`` includes ``reasoning``; each of
    them includes its audio and its images.

    (Anthropic reports its three input counts apart, Gemini its thoughts apart: their decoders add them up.)
    """

    input: int = 0
    output: int = 0
    cached_input: int = 0
    cache_write: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_output: int = 0
    source: Literal["reported", "estimated"] = "reported"

    @property
    def total(self) -> int:
        return self.input + self.output

    @property
    def credible(self) -> bool:
        """Can it be billed? A provider may say anything."""
        counts = (self.input, self.output, self.cached_input, self.cache_write, self.reasoning)
        media = (self.audio_input, self.audio_output, self.image_input, self.image_output)
        return min(*counts, *media) >= 0 and max(*counts, *media) <= MOST
