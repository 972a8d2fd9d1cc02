"""What a provider says of its own limits, in the headers of a reply or in a refusal."""

from __future__ import annotations

import msgspec


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """``remaining`` of ``limit`` may still be used, until the allowance is full again after ``resets`` seconds.

    ``limit`` and ``resets`` are None where the provider doesn't say them.
    """

    remaining: int
    limit: int | None = None
    resets: float | None = None


class Quota(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """None: the provider says nothing of it. ``tokens`` counts input and output together."""

    requests: Allowance | None = None
    tokens: Allowance | None = None
    input_tokens: Allowance | None = None
    output_tokens: Allowance | None = None
