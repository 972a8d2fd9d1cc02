"""Prices as the configuration says them → prices in picodollars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from turnout.config.price_settings import AboveSettings, PriceSettings, RateSettings, TermSettings
from turnout.core import RATES, Above, Price, Variant, per_token, picodollars

_Rates = Mapping[str, Any]
"""Picodollars a token, whole numbers, by the name of the rate. One that isn't there is as another."""

_THOUSAND: Final = Decimal(1000)
_MILLION: Final = Decimal(10**6)
_MINUTES: Final = 60


def price_from(settings: PriceSettings, version: str) -> Price:
    standard = _rates(settings)
    above = _above(settings.above, standard)
    variants = [_variant(terms, standard, above, service_tier=name) for name, terms in settings.tiers.items()]
    variants += [_variant(terms, standard, above, speed=name) for name, terms in settings.speeds.items()]
    return Price(
        **standard,
        above=above,
        variants=tuple(variants),
        regions=tuple([(name, int(_decimal(factor) * _THOUSAND)) for name, factor in settings.regions.items()]),
        web_search=_each(settings.web_searches, _THOUSAND),
        search_request=_each(settings.search_requests, _THOUSAND),
        file_search=_each(settings.file_searches, _THOUSAND),
        code_execution=_each(settings.code_executions, _THOUSAND),
        request=_each(settings.requests, _THOUSAND),
        image=_each(settings.image),
        hour=_each(settings.minute) * _MINUTES,
        character=_each(settings.characters, _MILLION),
        version=version,
    )


def _rates(settings: RateSettings) -> _Rates:
    told = {name: getattr(settings, name) for name in RATES}
    return {name: per_token(_decimal(usd)) for name, usd in told.items() if usd is not None}


def _above(settings: Sequence[AboveSettings], shorter: _Rates) -> tuple[Above, ...]:
    in_order = sorted(settings, key=lambda each: each.tokens)
    return tuple([Above(tokens=each.tokens, **{**shorter, **_rates(each)}) for each in in_order])


def _variant(
    terms: float | TermSettings, standard: _Rates, above: Sequence[Above], *, service_tier: str = "", speed: str = ""
) -> Variant:
    if isinstance(terms, TermSettings):
        rates: _Rates = {**standard, **_rates(terms)}
        longer = _above(terms.above, rates)
    else:
        times = _times(terms)
        rates = {name: times(rate) for name, rate in standard.items()}
        longer = tuple([Above(tokens=each.tokens, **_changed(each, times)) for each in above])
    return Variant(service_tier=service_tier, speed=speed, above=longer, **rates)


def _times(factor: float) -> Callable[[int], int]:
    exact = _decimal(factor)
    return lambda rate: int((rate * exact).to_integral_value())


def _changed(rates: Above, change: Callable[[int], int]) -> _Rates:
    told = {name: getattr(rates, name) for name in RATES}
    return {name: change(rate) for name, rate in told.items() if rate is not None}


def _each(usd: float, number: Decimal = Decimal(1)) -> int:
    """Picodollars for one, where ``number`` cost so much."""
    return picodollars(_decimal(usd) / number)


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))  # repr gives the digits in the file, not those of the float
