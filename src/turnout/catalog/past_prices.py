"""What recorded attempts cost by the prices that are known now: those of the configuration, of the API and of the book.

The book's price is the one of the day on which the attempt began. The others have no days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from msgspec import structs

from turnout.config.settings import DeploymentSettings
from turnout.core import Deployment, EndedAttempt, Price, rated
from turnout.prices import PACKAGE, PriceBook
from turnout.providers import Provider
from turnout.storage import Rated

from .factory import DeploymentFactory
from .pricing import API_VERSION, CONFIG_VERSION, Pricing

_OF_A_DEPLOYMENT: Final = (CONFIG_VERSION, API_VERSION)
"""Prices that were given to one deployment: where that is gone, nobody knows them any more."""

_MICROSECONDS: Final = 10**6

_Asked = tuple[str, str, str, date]
"""A deployment's id, its provider and upstream model, and a day."""


class PastPrices:
    """``deployments`` are those that are served now, with their prices."""

    def __init__(
        self,
        deployments: Iterable[Deployment],
        factory: DeploymentFactory,
        providers: Mapping[str, Provider],
        book: PriceBook,
    ) -> None:
        self._served = {deployment.id: deployment for deployment in deployments}
        self._factory = factory
        self._providers = providers
        self._book = book
        self._pricings: dict[date, Pricing] = {}
        self._found: dict[_Asked, Price | None] = {}

    def rate(self, attempt: EndedAttempt) -> Rated | None:
        """None for an attempt whose price isn't known now: it keeps the rating that it has."""
        start, end, usage = attempt.start, attempt.end, attempt.usage
        if usage is None:
            return None
        served = self._served_as_then(attempt)
        if served is None and end is not None and end.price_version in _OF_A_DEPLOYMENT:
            return None
        day = datetime.fromtimestamp(start.started / _MICROSECONDS, UTC).date()
        asked = (start.deployment, start.provider, start.upstream_model, day)
        if asked not in self._found:
            self._found[asked] = self._price(served or self._made(start.provider, start.upstream_model), day)
        cost, version = rated(self._found[asked], usage)
        return None if cost is None or version is None else Rated(cost, version)

    def _served_as_then(self, attempt: EndedAttempt) -> Deployment | None:
        """The attempt's deployment, if one of this id still leads to the same provider and upstream model."""
        start = attempt.start
        served = self._served.get(start.deployment)
        is_same = served is not None and (served.provider, served.model) == (start.provider, start.upstream_model)
        return served if is_same else None

    def _made(self, provider_name: str, model: str) -> Deployment | None:
        """What ``provider/model`` would lead to. None for a provider that isn't there any more."""
        provider = self._factory.provider(provider_name)
        if provider is None:
            return None
        return self._factory.make(provider, DeploymentSettings(provider=provider.name, model=model))

    def _price(self, deployment: Deployment | None, day: date) -> Price | None:
        if deployment is None:
            return None
        if deployment.price is not None and deployment.price.version.startswith(PACKAGE):
            deployment = structs.replace(deployment, price=None)  # the book's price of today
        pricing = self._pricings.setdefault(day, Pricing(self._providers, self._book, day))
        return pricing.price_of(deployment)
