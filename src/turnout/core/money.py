"""Money: integer picodollars (10⁻¹² USD), so that adding up is exact.

A price of 1 USD per 1M tokens is exactly 1,000,000 picodollars a token, so a price with up to six decimals per
1M tokens has no rounding anywhere; a finer one is rounded once, here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from .usage import Usage

PICO_PER_USD = 10**12
PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION = 10**6


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment's tokens cost, in picodollars a token. ``version`` says where the price is from."""

    input: int = 0
    output: int = 0
    cached_input: int | None = None  # a provider without a cache price bills cached tokens as input
    cache_write: int | None = None
    audio_input: int | None = None  # where there is no price for a medium, its tokens cost what text does
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    version: str

    def cost(self, usage: Usage) -> int:
        """The usage's cost in picodollars. Cached and cache-writing tokens are part of the input's count."""
        cached = self.input if self.cached_input is None else self.cached_input
        write = self.input if self.cache_write is None else self.cache_write
        plain = usage.input - usage.cached_input - usage.cache_write
        return (
            max(plain, 0) * self.input
            + usage.cached_input * cached
            + usage.cache_write * write
            + usage.output * self.output
            + _more(usage.audio_input, self.audio_input, self.input)
            + _more(usage.image_input, self.image_input, self.input)
            + _more(usage.audio_output, self.audio_output, self.output)
            + _more(usage.image_output, self.image_output, self.output)
        )


def _more(tokens: int, price: int | None, counted: int) -> int:
    """What tokens of a medium cost beyond the price of text, at which they have been counted."""
    return tokens * (price - counted) if tokens and price is not None else 0


def per_token(usd_per_million: Decimal) -> int:
    """USD per 1M tokens → picodollars a token."""
    exact = usd_per_million * PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def usd(picodollars: int) -> str:
    """Picodollars (not negative) → a decimal string of USD, without an exponent or trailing zeros."""
    whole, rest = divmod(picodollars, PICO_PER_USD)
    return f"{whole}.{rest:012d}".rstrip("0") if rest else str(whole)
