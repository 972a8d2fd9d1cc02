"""Token counts of one attempt."""

from __future__ import annotations

from typing import Literal

import msgspec

from .integers import Integer

MOST = 2**31 - 1
"""No answer has more tokens."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``input`` includes ``cached_input`` and ``cache_write``; ``output`` includes ``reasoning``; each of
    them includes its audio and its images.

    Anthropic reports three input counts apart, and Gemini its thoughts apart. Their decoders add them up.
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
        """Whether it can be billed. A provider may report any number."""
        counts = (self.input, self.output, self.cached_input, self.cache_write, self.reasoning)
        media = (self.audio_input, self.audio_output, self.image_input, self.image_output)
        return min(*counts, *media) >= 0 and max(*counts, *media) <= MOST
