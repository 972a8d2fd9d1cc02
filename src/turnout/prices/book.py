"""The price book: the prices of the package ``genai-prices`` in Turnout's own format, and what it lacks.

``scripts/prices.py`` writes the book to a file beside this one, so that the first request already has a price.

Where a price changes with the hour of the day, the standard rate counts.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from turnout.core import Price, Tariff

PACKAGE: Final = "genai-prices"
FILE: Final = Path(__file__).with_name("prices.json")
FREE: Final = Price(version="free")

_VERSION = re.compile(r"(\d+(?:\.\d+)*)\+(\d{4}-\d\d-\d\d)")
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition for a model's name. Exactly one field is set. Texts are in lower case."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    any: tuple[Match, ...] | None = None
    all: tuple[Match, ...] | None = None

    def matches(self, name: str) -> bool:
        if self.equals is not None:
            return name == self.equals
        if self.any is not None:
            return any(match.matches(name) for match in self.any)
        if self.starts_with is not None:
            return name.startswith(self.starts_with)
        if self.contains is not None:
            return self.contains in name
        if self.ends_with is not None:
            return name.endswith(self.ends_with)
        if self.all is not None:
            return all(match.matches(name) for match in self.all)
        return self.regex is not None and re.search(self.regex, name) is not None


class DatedTariff(Tariff, frozen=True, kw_only=True):
    """The tariff from the day ``since`` on. None: it has no first day."""

    since: date | None = None


class PricedModel(msgspec.Struct, frozen=True):
    """``tariffs`` are in the order of their days. The last one that has begun is valid."""

    match: Match
    tariffs: tuple[DatedTariff, ...]


class Source(msgspec.Struct, frozen=True):
    """A provider in the book. ``others`` are the sources to look in for a model that it doesn't list."""

    models: tuple[PricedModel, ...]
    others: tuple[str, ...] = ()


class PriceBook(msgspec.Struct, frozen=True):
    """``version`` is that of the package, and the day of the facts beside it. ``sources`` are Turnout's providers in
    it, and the sources they refer to.
    """

    version: str
    sources: dict[str, Source]

    def price_of(self, source: str, model: str, today: date | None = None) -> Price | None:
        """The price of a model on the day ``today`` (default: today in UTC). None when the book has no price."""
        name = model.lower()
        tariffs = self._tariffs(source, name) or self._tariffs(source, _COMPACT_DATE.sub(r"-\1-\2-\3", name))
        if not tariffs:
            return None
        day = today or datetime.now(UTC).date()
        valid = next((each for each in reversed(tariffs) if each.since is None or each.since <= day), tariffs[0])
        return Price(
            **{name: getattr(valid, name) for name in Tariff.__struct_fields__}, version=f"{PACKAGE} {self.version}"
        )

    def _tariffs(self, source: str, name: str) -> tuple[DatedTariff, ...]:
        first = self.sources.get(source)
        if first is None:
            return ()
        for listing in (first, *(self.sources[other] for other in first.others if other in self.sources)):
            for model in listing.models:
                if model.match.matches(name):
                    return model.tariffs
        return ()


@cache
def price_book() -> PriceBook:
    """The book that ships with this version of Turnout."""
    return decoded(FILE.read_bytes())


def decoded(content: bytes | str) -> PriceBook:
    """Raises ``msgspec.DecodeError`` for a book that this version of Turnout can't read."""
    return msgspec.json.decode(content, type=PriceBook)


def encoded(book: PriceBook) -> str:
    return msgspec.json.encode(book).decode()


def is_newer(version: str, than: str) -> bool:
    """By the package's version, and then by the day of the facts beside it. False for a version in another form."""
    one, other = _VERSION.fullmatch(version), _VERSION.fullmatch(than)
    return one is not None and other is not None and _order(one) > _order(other)


def _order(version: re.Match[str]) -> tuple[list[int], str]:
    return [int(number) for number in version[1].split(".")], version[2]
