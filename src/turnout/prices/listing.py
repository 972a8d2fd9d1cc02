"""A tariff as people read it: the names and units are those of ``price`` in the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnout.core import RATES, Rates, Tariff, usd

_PER: Final = {
    "web_search": ("web_searches", 1000),
    "search_request": ("search_requests", 1000),
    "file_search": ("file_searches", 1000),
    "code_execution": ("code_executions", 1000),
    "request": ("requests", 1000),
    "image": ("image", 1),
    "character": ("characters", 10**6),
}
"""The name in the configuration of each kind of piece, and how many cost so much."""

_MILLION: Final = 10**6
_MINUTES: Final = 60
_THOUSAND: Final = 1000


def listed(tariff: Tariff) -> dict[str, str]:
    """USD by name, as decimal texts. Tokens are per 1M. What costs what others do isn't there."""
    return dict(_entries(tariff))


def _entries(tariff: Tariff) -> Iterator[tuple[str, str]]:
    yield from _rates(tariff, "")
    for above in tariff.above:
        yield from _rates(above, f"above {above.tokens} ")
    for variant in tariff.variants:
        name = " ".join(filter(None, (variant.service_tier, variant.speed))) or "otherwise"
        yield from _rates(variant, f"{name} ")
        for above in variant.above:
            yield from _rates(above, f"{name} above {above.tokens} ")
    for region, factor in tariff.regions:
        yield f"region {region}", f"{factor / _THOUSAND:g} times"
    for field, (name, number) in _PER.items():
        if each := getattr(tariff, field):
            yield name, usd(each * number)
    if tariff.hour:
        yield "minute", usd(tariff.hour // _MINUTES)


def _rates(rates: Rates, prefix: str) -> Iterator[tuple[str, str]]:
    for name in RATES:
        rate = getattr(rates, name)
        if rate is not None:
            yield f"{prefix}{name}", usd(rate * _MILLION)
