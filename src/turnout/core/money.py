"""Money in integer picodollars (10⁻¹² USD), so that sums are exact.

A price of 1 USD per 1M tokens is exactly 1,000,000 picodollars a token. So a price with up to six decimals per 1M
tokens is never rounded, and a price with more decimals is rounded once, here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from .rates import WHOLE, Above, Rates, Variant, rounded
from .usage import NO_EXTRA, Extra, Usage

PICO_PER_USD = 10**12
PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION = 10**6
REPORTED = "reported"
"""The version of a price that nobody knows but the provider."""

SECONDS_PER_HOUR = 3600


class Cost(NamedTuple):
    """Picodollars for what was sent and looked up, and for what was made."""

    input: int
    output: int


class Tariff(Rates, frozen=True, kw_only=True):
    """What a provider bills for a model: its standard rates, and what changes them.

    - ``above`` are the rates of longer requests, the shortest first; ``variants`` those of other service tiers and
      speeds, of which the first that fits counts. ``regions`` are factors of all tokens, in thousandths.
    - ``web_search``, ``file_search``, ``code_execution``, ``image`` and ``character`` are picodollars each.
      ``search_request`` is for each request with a search, however many it has. ``request`` is for each request,
      ``hour`` for each hour of sound or video.
    """

    above: tuple[Above, ...] = ()
    variants: tuple[Variant, ...] = ()
    regions: tuple[tuple[str, int], ...] = ()
    web_search: int = 0
    search_request: int = 0
    file_search: int = 0
    code_execution: int = 0
    request: int = 0
    image: int = 0
    character: int = 0
    hour: int = 0


class Price(Tariff, frozen=True, kw_only=True):
    """A deployment's tariff. ``version`` is that of its source.

    ``others`` finds the price of another model of the same provider, which may take part in an answer.
    """

    version: str
    others: Callable[[str], Price | None] | None = None

    def cost(self, usage: Usage) -> int:
        """The usage's cost in picodollars. Of plain text at the standard rates, which nearly all is, it is quick."""
        text = usage.input - usage.cached_input - usage.cache_write
        if (
            text < 0
            or usage.extra is not NO_EXTRA
            or (self.above and usage.input > self.above[0].tokens)
            or usage.audio_input
            or usage.image_input
            or usage.audio_output
            or usage.image_output
            or (self.reasoning is not None and usage.reasoning)
        ):
            return sum(self.costs(usage))
        cached = self.input if self.cached_input is None else self.cached_input
        write = self.input if self.cache_write is None else self.cache_write
        return (
            self.request
            + text * self.input
            + usage.cached_input * cached
            + usage.cache_write * write
            + usage.output * self.output
        )

    def cost_of_text(self, tokens: int) -> int:
        """The cost of an input of plain text, in picodollars."""
        return self.cost(Usage(input=tokens)) if self.above else self.request + tokens * self.input

    def most(self, input_tokens: int, output_tokens: int) -> int:
        """The most that such a text may cost, in picodollars: the provider may write all of its input into a cache."""
        plain = self.cost(Usage(input=input_tokens, output=output_tokens))
        if self.cache_write is None:
            return plain
        return max(plain, self.cost(Usage(input=input_tokens, cache_write=input_tokens, output=output_tokens)))

    def covers(self, usage: Usage) -> bool:
        """Whether it says what the usage costs. What is sold by piece and has no price of that kind isn't free."""
        extra = usage.extra
        if extra is NO_EXTRA or usage.total or not (extra.images or extra.seconds or extra.characters):
            return True
        is_free = self.input == self.output == self.image == self.hour == self.character == 0
        return is_free or extra.images * self.image + extra.seconds * self.hour + extra.characters * self.character > 0

    def costs(self, usage: Usage) -> Cost:
        """The same for the two directions. Their sum is ``cost``."""
        own = usage.own() if usage.extra.inner else usage
        rates = self._rates(own)
        factor = dict(self.regions).get(own.extra.region, WHOLE)
        input_cost = _scaled(rates.input_cost(own.input_tokens()), factor) + self._input_pieces(own.extra)
        output_cost = _scaled(rates.output_cost(own.output_tokens()), factor) + own.extra.images * self.image
        for inner in usage.extra.inner:
            price = (self.others and self.others(inner.model)) or self
            inner_cost = price.costs(inner.usage)
            input_cost += inner_cost.input
            output_cost += inner_cost.output
        return Cost(input_cost, output_cost)

    def _rates(self, usage: Usage) -> Rates:
        for variant in self.variants:
            if variant.fits(usage.extra.service_tier, usage.extra.speed):
                return _at_length(variant, variant.above, usage.input)
        return _at_length(self, self.above, usage.input)

    def _input_pieces(self, extra: Extra) -> int:
        """The cost of what isn't tokens, but for the pictures made."""
        return (
            self.request
            + extra.web_searches * self.web_search
            + (self.search_request if extra.web_searches else 0)
            + extra.file_searches * self.file_search
            + extra.code_executions * self.code_execution
            + extra.characters * self.character
            + rounded(extra.seconds * self.hour, SECONDS_PER_HOUR)
        )


def rated(price: Price | None, usage: Usage) -> tuple[int | None, str | None]:
    """The usage's cost in picodollars and the version of its price. Both are None for a usage without a price.

    A cost that the provider tells itself counts where there is no price.
    """
    if price is not None and price.covers(usage):
        return price.cost(usage), price.version
    told = usage.extra.told_cost
    return (told, REPORTED) if told else (None, None)


def _at_length(standard: Rates, above: tuple[Above, ...], input_tokens: int) -> Rates:
    return next((rates for rates in reversed(above) if input_tokens > rates.tokens), standard)


def _scaled(picodollars: int, thousandths: int) -> int:
    return picodollars if thousandths == WHOLE else rounded(picodollars * thousandths, WHOLE)


def per_token(usd_per_million: Decimal) -> int:
    """USD per 1M tokens → picodollars a token."""
    return _whole(usd_per_million * PICO_PER_TOKEN_AT_ONE_USD_PER_MILLION)


def picodollars(usd_each: Decimal) -> int:
    """USD → picodollars."""
    return _whole(usd_each * PICO_PER_USD)


def _whole(exact: Decimal) -> int:
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def usd(picodollars: int) -> str:
    """Picodollars (not negative) → a decimal string of USD, without an exponent or trailing zeros."""
    whole, rest = divmod(picodollars, PICO_PER_USD)
    return f"{whole}.{rest:012d}".rstrip("0") if rest else str(whole)
