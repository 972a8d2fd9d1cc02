"""Token counts of one attempt."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
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
        counts = _counts(self)
        return min(counts) >= 0 and max(counts) <= MOST


_counts: Callable[[Usage], tuple[int, ...]] = attrgetter(
    *(name for name in Usage.__struct_fields__ if name != "source")
)
