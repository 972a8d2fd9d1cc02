"""From the bodies of requests to models, as the catalog keeps them."""

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
    """Raises ``InvalidRequest`` with the field."""
    id_ = draft.id or draft.name
    if id_ is None:
        raise InvalidRequest("'id' is missing: what will clients ask for?", param="id")
    try:
        is_id(id_)
    except ValueError as error:
        raise InvalidRequest(f"'id' is missing, and 'name' can't stand in for it: {error}.", param="id") from error
    return edited(ApiModel(id=id_, name=id_, provider=draft.provider, upstream_model=id_), draft)


def edited(made: ApiModel, change: ModelChange) -> ApiModel:
    """``made`` with what ``change`` says; ``null`` is what a draft without the field would have. Raises
    ``InvalidRequest`` with the field."""
    said = {name: getattr(change, name) for name in change.model_fields_set}
    if said.pop("id", None) not in (None, made.id):
        raise InvalidRequest("'id' can't be changed: make a new model and delete this one.", param="id")
    if "provider" in said and said["provider"] is None:
        raise InvalidRequest("'provider' can't be null.", param="provider")
    price = _price(made.price, said)
    values = {name: _value(name, value, made) for name, value in said.items() if name not in (*_COSTS, "price")}
    for one, other in (("api_key", "api_key_env"), ("api_key_env", "api_key")):
        if said.get(one) is not None and said.get(other) is None:
            values[other] = None  # each takes the other's place
    return structs.replace(made, price=price, **values)


def _value(name: str, value: Any, made: ApiModel) -> Any:
    match name, value:
        case "timeouts", TimeoutsBody():
            return TimeoutSettings(**{key: UNSET if said is None else said for key, said in value})
        case "capabilities", list():
            return tuple(dict.fromkeys(value))
        case "api_key", _ if value is not None:
            return Secret(value.get_secret_value())
        case "name" | "upstream_model", None:
            return made.id
        case _, None:
            return _DEFAULTS[name]
    return value


_DEFAULTS = {field.name: field.default for field in structs.fields(ApiModel)}


def _price(before: PriceSettings | None, said: dict[str, Any]) -> PriceSettings | None:
    """The price per 1M tokens that was said, in either form; ``before``'s where nothing was."""
    costs = {_COSTS[name]: value for name, value in said.items() if name in _COSTS}
    price = said.get("price", before)
    if isinstance(price, PriceBody):
        price = PriceSettings(
            input=float(price.input),
            output=float(price.output),
            cached_input=None if price.cached_input is None else float(price.cached_input),
            cache_write=None if price.cache_write is None else float(price.cache_write),
        )
    if not costs:
        return price
    costed = None if set(costs.values()) == {None} else _with_costs(price, costs)
    if said.get("price") is not None and price != costed:
        raise InvalidRequest("'price' and the 'cost_per_1k_…' say different things: send one of them.", param="price")
    return costed


def _with_costs(price: PriceSettings | None, costs: dict[str, Decimal | None]) -> PriceSettings:
    known = {} if price is None else {"input": price.input, "output": price.output}
    known |= {name: float(cost * _THOUSANDS) for name, cost in costs.items() if cost is not None}
    for field, name in _COSTS.items():
        if name not in known or costs.get(name, 0) is None:
            raise InvalidRequest(f"'{field}' is missing: give both costs, or neither.", param=field)
    return PriceSettings(**known) if price is None else structs.replace(price, **known)
