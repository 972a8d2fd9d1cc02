"""Money in integer picodollars (10⁻¹² USD), so that sums are exact.

A price of 1 USD per 1M tokens is exactly 1,000,000 picodollars a token. So a price with up to six decimals per 1M
tokens is never rounded, and a price with more decimals is rounded once, here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from .usage import Usage

PICO_PER_USD = 10**12
PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION = 10**6


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a deployment's tokens, in picodollars a token. ``version`` names the price's source."""

    input: int = 0
    output: int = 0
    cached_input: int | None = None  # a provider without a cache price bills cached tokens as input
    cache_write: int | None = None
    audio_input: int | None = None  # None: the tokens of the medium cost as much as text
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    version: str

    def cost(self, usage: Usage) -> int:
        """The usage's cost in picodollars. Cached and cache-writing tokens are part of the input's count."""
        cached = self.input if self.cached_input is None else self.cached_input
        write = self.input if self.cache_write is None else self.cache_write
        plain = usage.input - usage.cached_input - usage.cache_write
        text = (
            max(plain, 0) * self.input
            + usage.cached_input * cached
            + usage.cache_write * write
            + usage.output * self.output
        )
        if not (usage.audio_input or usage.image_input or usage.audio_output or usage.image_output):
            return text
        return (
            text
            + _surcharge(usage.audio_input, self.audio_input, self.input)
            + _surcharge(usage.image_input, self.image_input, self.input)
            + _surcharge(usage.audio_output, self.audio_output, self.output)
            + _surcharge(usage.image_output, self.image_output, self.output)
        )


def _surcharge(tokens: int, price: int | None, text_price: int) -> int:
    """The cost of a medium's tokens beyond the price of text, which is counted already."""
    return tokens * (price - text_price) if tokens and price is not None else 0


def per_token(usd_per_million: Decimal) -> int:
    """USD per 1M tokens → picodollars a token."""
    exact = usd_per_million * PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def usd(picodollars: int) -> str:
    """Picodollars (not negative) → a decimal string of USD, without an exponent or trailing zeros."""
    whole, rest = divmod(picodollars, PICO_PER_USD)
    return f"{whole}.{rest:012d}".rstrip("0") if rest else str(whole)
