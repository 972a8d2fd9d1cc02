"""Writes the price book, ``src/turnout/prices/prices.json``: ``python -m scripts.prices``.

Run it when the lock has another version of ``genai-prices``, or when ``price_facts.py`` has changed; a test fails until
then. The package isn't needed at run
time: its data takes 58 MB and 0.3 s to import, and the first requests must not wait for their prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import distribution, version
from typing import Any, Final

import msgspec
from genai_prices import types as book
from genai_prices.data import providers
from msgspec.structs import replace

from scripts import price_facts
from turnout.core import Above, Rates, Variant, per_token, picodollars
from turnout.prices import PACKAGE, PriceBook
from turnout.prices.book import FILE, DatedTariff, Match, PricedModel, Source
from turnout.providers import registry

Resolved = dict[str, Any]
"""The package's prices of a model in USD, each a number or in tiers, by the package's names."""

RATES: Final = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "input_video_mtok": "video_input",
    "cache_audio_read_mtok": "cached_audio",
    "cache_image_read_mtok": "cached_image",
    "output_audio_mtok": "audio_output",
    "output_image_mtok": "image_output",
    "output_video_mtok": "video_output",
}
PIECES: Final = {
    "web_searches_kcount": ("web_search", 1000),
    "storage_searches_kcount": ("file_search", 1000),
    "input_mchars": ("character", 10**6),
    "audio_hours": ("hour", 1),
}
_CACHED: Final = ("cached_input", "cached_audio", "cached_image")
_LEFT_OUT: Final = (("service_tier", "default"), ("service_tier", "fast"))
"""The standard tier, and another name of the priority tier."""


def price_book(source_names: Iterable[str]) -> PriceBook:
    by_id = {provider.id: provider for provider in providers}
    selected = [by_id[name] for name in source_names]
    others = [
        by_id[other] for provider in selected for other in provider.fallback_model_providers or () if other in by_id
    ]
    return PriceBook(
        version=f"{version(PACKAGE)}+{price_facts.READ}",
        sources={provider.id: _source(provider) for provider in (*selected, *others)},
    )


def _source(provider: book.Provider) -> Source:
    models = tuple(
        PricedModel(match=_match(model.match), tariffs=tariffs)
        for model in provider.models
        if (tariffs := _tariffs(provider.id, model))
    )
    return Source(models=models, others=tuple(provider.fallback_model_providers or ()))


def _tariffs(source: str, model: book.ModelInfo) -> tuple[DatedTariff, ...]:
    """One for each day on which a price changes."""
    dated = [(each.prices, _since(each.constraint)) for each in _standard(model)]
    found = (_tariff(source, model, _resolved(prices), since) for prices, since in dated)
    return tuple(tariff for tariff in found if tariff is not None)


def _standard(model: book.ModelInfo) -> Iterator[book.ConditionalPrice]:
    prices = model.prices
    conditional = [book.ConditionalPrice(prices=prices)] if isinstance(prices, book.ModelPrice) else prices
    return (each for each in conditional if not isinstance(each.constraint, book.TimeOfDateConstraint))


def _since(constraint: object) -> date | None:
    return constraint.start_date if isinstance(constraint, book.StartDateConstraint) else None


def _resolved(prices: book.ModelPrice) -> Resolved:
    return {name: price for name, price in vars(prices).items() if price is not None}


def _tariff(source: str, model: book.ModelInfo, standard: Resolved, since: date | None) -> DatedTariff | None:
    """None for a price of nothing that Turnout counts."""
    sold = [(name, standard[key] / number) for key, (name, number) in PIECES.items() if key in standard]
    pieces: dict[str, Any] = {name: picodollars(usd) for name, usd in sold}
    if "input_mtok" not in standard and not pieces:
        return None
    rates, above = _rates(standard)
    tariff = DatedTariff(**rates, above=above, variants=tuple(_variants(model, standard, since)), **pieces, since=since)
    return _with_facts(source, model.id, tariff)


def _rates(prices: Resolved) -> tuple[dict[str, Any], tuple[Above, ...]]:
    """The rates of a short request, and those of longer ones."""
    rates = {RATES[key]: price for key, price in prices.items() if key in RATES}
    starts = {tier.start for price in rates.values() if isinstance(price, book.TieredPrices) for tier in price.tiers}
    above = [Above(tokens=start, **_at(rates, start)) for start in sorted(starts)]
    return _at(rates, 0), tuple(above)


def _at(rates: Resolved, start: int) -> dict[str, Any]:
    """The rates from a tier's start on. Without one the standard rate stays."""
    found = {}
    for name, price in rates.items():
        tiers = price.tiers if isinstance(price, book.TieredPrices) else ()
        begun = [tier.price for tier in tiers if tier.start <= start]
        found[name] = per_token(begun[-1] if begun else price.base if tiers else price)
    return found


def _variants(model: book.ModelInfo, standard: Resolved, since: date | None) -> Iterator[Variant]:
    """A variant's first day is the one on which its price was read, unless several days have one."""
    seen: set[tuple[str, str]] = set()
    for variant in model.price_variants or ():
        ((key, value),) = variant.when.items()
        begins = _since(variant.constraint)
        several = sum(1 for each in model.price_variants or () if each.when == variant.when) > 1
        is_later = several and begins is not None and begins > (since or READ)
        if is_later or (key, value) in seen or (key, value) in _LEFT_OUT:
            continue
        seen.add((key, value))
        rates, above = _rates(standard | _resolved(variant.prices))
        condition: dict[str, Any] = {_CONDITIONS[key]: value}
        yield Variant(**condition, **rates, above=above)


_CONDITIONS: Final = {"processing": "service_tier", "service_tier": "service_tier", "speed": "speed"}
READ: Final = date.fromisoformat(price_facts.READ)


def _with_facts(source: str, model: str, tariff: DatedTariff) -> DatedTariff:
    pieces = {each.name: picodollars(Decimal(each.usd)) for each in price_facts.PIECES if _is_of(each, source, model)}
    terms = [_with_terms(each, tariff) for each in price_facts.TERMS if _is_of(each, source, model)]
    known = {(each.service_tier, each.speed) for each in tariff.variants}
    more = [each for each in terms if (each.service_tier, each.speed) not in known]
    regions = [(each.region, each.thousandths) for each in price_facts.REGIONS if _is_of(each, source, model)]
    return replace(tariff, variants=(*tariff.variants, *more), regions=tuple(regions), **pieces)


def _is_of(fact: price_facts.Terms | price_facts.Region | price_facts.Piece, source: str, model: str) -> bool:
    return fact.source == source and fact.models.fullmatch(model) is not None


def _with_terms(terms: price_facts.Terms, tariff: DatedTariff) -> Variant:
    above = tuple([Above(tokens=each.tokens, **_scaled(each, terms)) for each in tariff.above])
    return Variant(service_tier=terms.service_tier, speed=terms.speed, above=above, **_scaled(tariff, terms))


def _scaled(rates: Rates, terms: price_facts.Terms) -> dict[str, Any]:
    told = {name: getattr(rates, name) for name in RATES.values()}
    factors = {name: Decimal(terms.cached_factor if name in _CACHED else terms.factor) for name in told}
    return {name: int((rate * factors[name]).to_integral_value()) for name, rate in told.items() if rate is not None}


def _match(clause: object) -> Match:
    match clause:
        case book.ClauseEquals():
            return Match(equals=clause.equals.lower())
        case book.ClauseStartsWith():
            return Match(starts_with=clause.starts_with.lower())
        case book.ClauseEndsWith():
            return Match(ends_with=clause.ends_with.lower())
        case book.ClauseContains():
            return Match(contains=clause.contains.lower())
        case book.ClauseRegex():
            return Match(regex=clause.regex)
        case book.ClauseOr():
            return Match(any=_matches(clause.or_))
        case book.ClauseAnd():
            return Match(all=_matches(clause.and_))
    raise TypeError(f"the price book has a new kind of clause: {type(clause).__name__}")


def _matches(clauses: Sequence[object]) -> tuple[Match, ...]:
    return tuple(_match(clause) for clause in clauses)


def text() -> str:
    """The file: JSON with a line for each model, so that people can read a change. It has the data's license."""
    sources = sorted({source for provider in registry().values() if (source := provider.profile.price_source)})
    return "\n".join(_lines(price_book(sources)))


def _lines(book: PriceBook) -> Iterator[str]:
    yield f'{{"version": {_json(book.version)}, "license": {_json(_license())}, "sources": {{'
    for number, (name, source) in enumerate(book.sources.items()):
        yield f'{"," if number else ""}{_json(name)}: {{"others": {_json(source.others)}, "models": ['
        yield ",\n".join(_json(model) for model in source.models)
        yield "]}"
    yield "}}\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _license() -> str:
    """The license of the data."""
    return distribution(PACKAGE).read_text("licenses/LICENSE") or ""


if __name__ == "__main__":
    FILE.write_text(text())
