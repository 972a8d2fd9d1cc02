"""Token counts of one attempt."""

from __future__ import annotations

from typing import Literal

import msgspec

from .integers import Integer

MOST = 2**31 - 1
"""More tokens than any answer has."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``input`` includes ``cached_input`` and ``cache_write``; ``output`` includes ``reasoning``; each of
    them includes its audio and its images.

    (Anthropic reports its three input counts apart, Gemini its thoughts apart: their decoders add them up.)
    """

    input: Integer = 0
    output: Integer = 0
    cached_input: Integer = 0
    cache_write: Integer = 0
    reasoning: Integer = 0
    audio_input: Integer = 0
    audio_output: Integer = 0
    image_input: Integer = 0
    image_output: Integer = 0
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
