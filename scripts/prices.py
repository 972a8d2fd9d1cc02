"""Writes the price book, ``src/turnout/prices/prices.json``: ``python -m scripts.prices``.

Run it when the lock has another version of ``genai-prices``; a test fails until then. The package isn't needed at run
time: its data takes 58 MB and 0.3 s to import, and the first requests must not wait for their prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from importlib.metadata import distribution, version

import msgspec
from genai_prices import types as book
from genai_prices.data import providers

from turnout.core import per_token
from turnout.prices import PACKAGE, PriceBook
from turnout.prices.book import FILE, Match, PricedModel, Rate, Source
from turnout.providers import registry


def price_book(source_names: Iterable[str]) -> PriceBook:
    by_id = {provider.id: provider for provider in providers}
    selected = [by_id[name] for name in source_names]
    others = [
        by_id[other] for provider in selected for other in provider.fallback_model_providers or () if other in by_id
    ]
    return PriceBook(
        version=version(PACKAGE),
        sources={provider.id: _source(provider) for provider in (*selected, *others)},
    )


def _source(provider: book.Provider) -> Source:
    models = tuple(
        PricedModel(match=_match(model.match), rates=rates) for model in provider.models if (rates := _rates(model))
    )
    return Source(models=models, others=tuple(provider.fallback_model_providers or ()))


def _rates(model: book.ModelInfo) -> tuple[Rate, ...]:
    if isinstance(model.prices, book.ModelPrice):
        rates = [_rate(model.prices, None)]
    else:
        rates = [
            _rate(conditional.prices, conditional.constraint)
            for conditional in model.prices
            if not isinstance(conditional.constraint, book.TimeOfDateConstraint)
        ]
    return tuple(rate for rate in rates if rate is not None)


def _rate(price: book.ModelPrice, start: book.StartDateConstraint | None) -> Rate | None:
    """None for a price that isn't by tokens."""
    input_price = _picodollars(price.input_mtok)
    if input_price is None:
        return None
    return Rate(
        input=input_price,
        output=_picodollars(price.output_mtok) or 0,
        cached_input=_picodollars(price.cache_read_mtok),
        cache_write=_picodollars(price.cache_write_mtok),
        audio_input=_picodollars(price.input_audio_mtok),
        audio_output=_picodollars(price.output_audio_mtok),
        image_input=_picodollars(price.input_image_mtok),
        image_output=_picodollars(price.output_image_mtok),
        since=start.start_date if start else None,
    )


def _picodollars(price: Decimal | book.TieredPrices | None) -> int | None:
    if price is None:
        return None
    return per_token(price.base if isinstance(price, book.TieredPrices) else price)


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
