"""The served models as data. ``--json`` prints it as it is."""

from __future__ import annotations

from typing import Literal

import msgspec

from turnout.catalog import Catalog, is_built_in
from turnout.core import Deployment, Model, Price, usd
from turnout.providers import registry
from turnout.transport import address_of

Source = Literal["configured", "made", "discovered", "built in"]
_MILLION = 1_000_000


class PriceRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """USD per 1M tokens, as exact decimal texts. ``version`` says where the price comes from."""

    input: str
    output: str
    cached_input: str | None = None
    cache_write: str | None = None
    version: str


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """``price`` is None when it is unknown."""

    id: str
    provider: str
    model: str
    address: str
    price: PriceRow | None


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """``alias_of`` is the model's own name when ``name`` is an alias."""

    name: str
    source: Source
    alias_of: str | None
    policy: str
    fallbacks: tuple[str, ...]
    deployments: tuple[DeploymentRow, ...]


def rows_of(catalog: Catalog) -> list[ModelRow]:
    """Models from the configuration, the API and discovery, and aliases, also those that stand for many names."""
    return [
        ModelRow(
            name=name,
            source=_source(catalog, name, model),
            alias_of=model.name if model.name != name else None,
            policy=model.policy,
            fallbacks=model.fallbacks,
            deployments=tuple(_deployment_row(deployment) for deployment in model.deployments),
        )
        for name, model in (*catalog.snapshot.served(), *catalog.snapshot.patterns.items())
    ]


def _source(catalog: Catalog, name: str, model: Model) -> Source:
    if catalog.is_configured(name):
        return "configured"
    if name in catalog.api_models:
        return "made"
    return "built in" if is_built_in(model, registry()) else "discovered"


def _deployment_row(deployment: Deployment) -> DeploymentRow:
    return DeploymentRow(
        id=deployment.id,
        provider=deployment.provider,
        model=deployment.model,
        address=address_of(deployment.base_url),
        price=None if deployment.price is None else _price_row(deployment.price),
    )


def _price_row(price: Price) -> PriceRow:
    return PriceRow(
        input=per_million(price.input),
        output=per_million(price.output),
        cached_input=None if price.cached_input is None else per_million(price.cached_input),
        cache_write=None if price.cache_write is None else per_million(price.cache_write),
        version=price.version,
    )


def per_million(picodollars: int) -> str:
    """Converts picodollars per token to USD per 1M tokens."""
    return usd(picodollars * _MILLION)
