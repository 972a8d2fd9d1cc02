"""Where a deployment's price comes from.

1. ``configured_price``: the price in the configuration, or free for a provider on the operator's own machine.
2. ``api_price``: the price of a model made through the API.
3. ``Pricing.price_of``: one of the above, else the price book's (``turnout.prices.PriceBook.price_of``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import structs

from turnout.config.settings import Tuning
from turnout.core import Deployment, Price
from turnout.prices import FREE, PriceBook
from turnout.providers import Provider, is_local

from .configured_prices import price_from

CONFIG_VERSION: Final = "config"
API_VERSION: Final = "api"
_OPENAI_REGION: Final = re.compile(r"https://([a-z]+)\.api\.openai\.com(?=[:/]|$)")
_SOURCES_WITH_INNER_MODELS: Final = ("anthropic",)
"""Whose replies tell of other models that took part (``core.InnerUsage``)."""


def configured_price(provider: Provider, layers: Sequence[Tuning]) -> Price | None:
    """The price of the first layer that has one. None: the configuration has no price, and the provider isn't free."""
    settings = next((layer.price for layer in layers if layer.price is not None), None)
    if settings is not None:
        return price_from(settings, CONFIG_VERSION)
    return FREE if is_local(provider) else None


def api_price(price: Price | None) -> Price | None:
    """The same price under the version that says it came through the API."""
    return None if price is None else structs.replace(price, version=API_VERSION)


class Pricing:
    """Looks prices up in the price book, each one once. Those of ``day`` (UTC), by default of today."""

    def __init__(self, providers: Mapping[str, Provider], book: PriceBook, day: date | None = None) -> None:
        self._providers = providers
        self._book = book
        self._day = day
        self._book_prices: dict[tuple[str, str], Price | None] = {}

    def price_of(self, deployment: Deployment) -> Price | None:
        """The deployment's own price, else the book's. None when the book doesn't know the model."""
        source = self._providers[deployment.provider].profile.price_source
        price = self._listed(source, deployment) if deployment.price is None else deployment.price
        if price is None or source not in _SOURCES_WITH_INNER_MODELS:
            return price
        return structs.replace(price, others=OtherPrices(self._book, source, deployment.model, self._day))

    def _listed(self, source: str, deployment: Deployment) -> Price | None:
        """The book's price at the deployment's address: OpenAI's name the region that a request stays in."""
        price = self._book_price(source, deployment.model)
        place = _OPENAI_REGION.match(deployment.base_url)
        factor = dict(price.regions).get(place[1]) if price is not None and place else None
        return price if price is None or factor is None else price.times(factor)

    def _book_price(self, source: str, model: str) -> Price | None:
        key = (source, model)
        if key not in self._book_prices:
            self._book_prices[key] = self._book.price_of(*key, self._day)
        return self._book_prices[key]


@dataclass(frozen=True)
class OtherPrices:
    """The book's prices of the models beside ``own``, a deployment's own model."""

    book: PriceBook
    source: str
    own: str
    day: date | None = None

    def __call__(self, model: str) -> Price | None:
        return None if model == self.own else self.book.price_of(self.source, model, self.day)


async def price_days() -> AsyncIterator[None]:
    """Yields after each midnight, UTC. Some prices in the book change on a day that is known before."""
    while True:
        await asyncio.sleep(_seconds_to_midnight())
        yield


def _seconds_to_midnight() -> float:
    now = datetime.now(UTC)
    return (datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC) - now).total_seconds() + 1
