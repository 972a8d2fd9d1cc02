"""Converts request bodies to the catalog's models."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import UNSET, structs

from turnout.catalog import ApiModel
from turnout.config import PriceSettings, TimeoutSettings
from turnout.core import Secret
from turnout.errors import InvalidRequest

from .model_bodies import ModelChange, ModelDraft, PriceBody, TimeoutsBody, is_id

_THOUSANDS = 1000
_COSTS = {"cost_per_1k_input": "input", "cost_per_1k_output": "output"}


def api_model_from(draft: ModelDraft) -> ApiModel:
    """Raises ``InvalidRequest``, which names the field."""
    id_ = draft.id or draft.name
    if id_ is None:
        raise InvalidRequest("'id' is missing: what will clients ask for?", param="id")
    try:
        is_id(id_)
    except ValueError as error:
        raise InvalidRequest(f"'id' is missing, and 'name' can't stand in for it: {error}.", param="id") from error
    return edited(ApiModel(id=id_, name=id_, provider=draft.provider, upstream_model=id_), draft)


def edited(api_model: ApiModel, change: ModelChange) -> ApiModel:
    """The changed model. ``null`` gives a field the default of a new model.

    Raises ``InvalidRequest``, which names the field.
    """
    fields = {name: getattr(change, name) for name in change.model_fields_set}
    if fields.pop("id", None) not in (None, api_model.id):
        raise InvalidRequest("'id' can't be changed: make a new model and delete this one.", param="id")
    if "provider" in fields and fields["provider"] is None:
        raise InvalidRequest("'provider' can't be null.", param="provider")
    price = _price(api_model.price, fields)
    values = {name: _value(name, value, api_model) for name, value in fields.items() if name not in (*_COSTS, "price")}
    for field, other in (("api_key", "api_key_env"), ("api_key_env", "api_key")):
        if fields.get(field) is not None and fields.get(other) is None:
            values[other] = None  # a model has one of the two
    return structs.replace(api_model, price=price, **values)


def _value(name: str, value: Any, api_model: ApiModel) -> Any:
    match name, value:
        case "timeouts", TimeoutsBody():
            return TimeoutSettings(**{key: UNSET if seconds is None else seconds for key, seconds in value})
        case "capabilities", list():
            return tuple(dict.fromkeys(value))
        case "api_key", _ if value is not None:
            return Secret(value.get_secret_value())
        case "name" | "upstream_model", None:
            return api_model.id
        case _, None:
            return _DEFAULTS[name]
    return value


_DEFAULTS = {field.name: field.default for field in structs.fields(ApiModel)}


def _price(before: PriceSettings | None, fields: dict[str, Any]) -> PriceSettings | None:
    """The new price per 1M tokens, from ``price`` or ``cost_per_1k_…``. Without these fields, the price ``before``."""
    costs = {_COSTS[name]: value for name, value in fields.items() if name in _COSTS}
    price = fields.get("price", before)
    if isinstance(price, PriceBody):
        price = PriceSettings(
            input=float(price.input),
            output=float(price.output),
            cached_input=None if price.cached_input is None else float(price.cached_input),
            cache_write=None if price.cache_write is None else float(price.cache_write),
        )
    if not costs:
        return price
    price_of_costs = None if set(costs.values()) == {None} else _with_costs(price, costs)
    if fields.get("price") is not None and price != price_of_costs:
        raise InvalidRequest("'price' and the 'cost_per_1k_…' say different things: send one of them.", param="price")
    return price_of_costs


def _with_costs(price: PriceSettings | None, costs: dict[str, Decimal | None]) -> PriceSettings:
    rates = {} if price is None else {"input": price.input, "output": price.output}
    rates |= {name: float(cost * _THOUSANDS) for name, cost in costs.items() if cost is not None}
    for field, name in _COSTS.items():
        if name not in rates or costs.get(name, 0) is None:
            raise InvalidRequest(f"'{field}' is missing: give both costs, or neither.", param=field)
    return structs.replace(price or PriceSettings(input=0, output=0), **rates)
