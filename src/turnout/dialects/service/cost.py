"""The cost of an answer in USD, as the service APIs have it: JSON numbers with all their digits, never rounded."""

from __future__ import annotations

from msgspec import Raw

from turnout.core import Price, Usage, rated, usd
from turnout.dialects import ReplyContext


def cost_fields(context: ReplyContext, usage: Usage | None) -> dict[str, Raw] | None:
    """``input_cost``, ``output_cost`` and ``total_cost``; None when price or usage isn't known."""
    price = _price(context)
    if price is None or usage is None or not price.covers(usage):
        return None
    costs = price.costs(usage)
    return {
        "input_cost": _number(costs.input),
        "output_cost": _number(costs.output),
        "total_cost": _number(sum(costs)),
    }


def total_cost(context: ReplyContext, usage: Usage | None) -> Raw | None:
    cost = None if usage is None else rated(_price(context), usage)[0]
    return None if cost is None else _number(cost)


def _price(context: ReplyContext) -> Price | None:
    return context.facts().price if context.facts else None


def _number(picodollars: int) -> Raw:
    return Raw(usd(picodollars).encode())


def usage_fields(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.total}
