"""Records of all models, from every source."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import UNSET, structs

from turnout.catalog import (
    ApiModel,
    Catalog,
    capabilities_of,
    context_of,
    is_built_in,
    representative_of,
    type_of,
)
from turnout.core import Model, Price
from turnout.facts import lifecycle_of
from turnout.providers import registry
from turnout.transport import address_of

from .model_bodies import LifecycleBody, ModelRecord, PriceBody, Source, TimeoutsBody

_PER_MILLION = Decimal(10**6)  # picodollars a token in one US dollar per 1M tokens
_PER_THOUSAND = Decimal(10**9)


def records(catalog: Catalog) -> Iterator[ModelRecord]:
    """The models made through the API, then every other name that clients can ask for."""
    for api_model in catalog.api_models.values():
        yield api_model_record(catalog, api_model)
    for name, model in catalog.snapshot.served():
        if name not in catalog.api_models or name in catalog.configured.locations:
            yield _record_of_served(name, model, _source(catalog, name, model))


def record_of(catalog: Catalog, id_: str) -> ModelRecord | None:
    if api_model := catalog.api_models.get(id_):
        return api_model_record(catalog, api_model)
    model = dict(catalog.snapshot.served()).get(id_)
    return None if model is None else _record_of_served(id_, model, _source(catalog, id_, model))


def api_model_record(catalog: Catalog, api_model: ApiModel) -> ModelRecord:
    model = catalog.model_of(api_model)
    deployment = representative_of(model) if model else None
    capabilities = capabilities_of(api_model.type, model) if model else ()
    seconds_by_name = structs.asdict(api_model.timeouts).items()
    timeouts = {name: None if seconds is UNSET else seconds for name, seconds in seconds_by_name}
    return ModelRecord(
        id=api_model.id,
        name=api_model.name,
        provider=api_model.provider,
        type=api_model.type,
        max_tokens=context_of(model) if model else api_model.max_tokens,
        capabilities=list(api_model.capabilities or capabilities),
        status=api_model.status,
        source="api",
        upstream_model=api_model.upstream_model,
        base_url=api_model.base_url,
        api_key_env=api_model.api_key_env,
        has_api_key=deployment is not None and deployment.api_key is not None,
        api_version=api_model.api_version,
        timeouts=TimeoutsBody(**timeouts),
        lifecycle=_lifecycle(api_model.provider, api_model.upstream_model),
        created=api_model.created,
        updated=api_model.updated,
        **_prices(deployment.price if deployment else None),
    )


def _record_of_served(name: str, model: Model, source: Source) -> ModelRecord:
    deployment, type_ = representative_of(model), type_of(model)
    return ModelRecord(
        id=name,
        name=name,
        provider=deployment.provider,
        type=type_,
        max_tokens=context_of(model),
        capabilities=list(capabilities_of(type_, model)),
        status="active",
        source=source,
        upstream_model=deployment.model,
        base_url=address_of(deployment.base_url) if deployment.base_url else None,
        api_key_env=deployment.key_source if deployment.api_key else None,
        has_api_key=deployment.api_key is not None,
        api_version=deployment.api_version,
        timeouts=TimeoutsBody(**structs.asdict(deployment.timeouts)),
        lifecycle=_lifecycle(deployment.provider, deployment.model),
        created=None,
        updated=None,
        **_prices(deployment.price),
    )


def _source(catalog: Catalog, name: str, model: Model) -> Source:
    if catalog.is_configured(name):
        return "configuration"
    return "built in" if is_built_in(model, registry()) else "discovery"


def _lifecycle(provider: str, model: str) -> LifecycleBody:
    lifecycle = lifecycle_of(provider, model)
    return LifecycleBody(
        status=lifecycle.status,
        shutdown_date=lifecycle.shutdown_date,
        replacement=lifecycle.replacement or None,
    )


def _prices(price: Price | None) -> dict[str, Any]:
    if price is None:
        return {"cost_per_1k_input": None, "cost_per_1k_output": None, "price": None}
    return {
        "cost_per_1k_input": float(price.input / _PER_THOUSAND),
        "cost_per_1k_output": float(price.output / _PER_THOUSAND),
        "price": PriceBody(
            input=price.input / _PER_MILLION,
            output=price.output / _PER_MILLION,
            cached_input=None if price.cached_input is None else price.cached_input / _PER_MILLION,
            cache_write=None if price.cache_write is None else price.cache_write / _PER_MILLION,
        ),
    }
