"""Token counts of one attempt."""

from __future__ import annotations

from typing import Literal

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``input`` includes ``cached_input`` and ``cache_write``; ``output`` includes ``reasoning``.

    (Anthropic reports its three input counts apart, Gemini its thoughts apart: their decoders add them up.)
    """

    input: int = 0
    output: int = 0
    cached_input: int = 0
    cache_write: int = 0
    reasoning: int = 0
    source: Literal["reported", "estimated"] = "reported"

    @property
    def total(self) -> int:
        return self.input + self.output
