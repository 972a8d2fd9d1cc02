"""How two versions of the price book differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from .book import DatedTariff, Match, PriceBook
from .listing import listed


class Changed(msgspec.Struct, frozen=True):
    """A model of a source. ``model`` is its name, with ``*`` for any characters.

    ``before`` and ``after`` are the entries that differ, as ``listed`` has them. One of them is None for a model that
    only one of the books has.
    """

    source: str
    model: str
    before: dict[str, str] | None
    after: dict[str, str] | None


def differences(old: PriceBook, new: PriceBook) -> list[Changed]:
    """By source and model. A model that is matched otherwise, and costs the same, hasn't changed."""
    before, after = dict(_models(old)), dict(_models(new))
    return [
        Changed(*key, *_unlike(before.get(key), after.get(key)))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _unlike(
    before: dict[str, str] | None, after: dict[str, str] | None
) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    if before is None or after is None:
        return before, after
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return _only(before, names), _only(after, names)


def _only(entries: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in entries.items() if name in names}


def _models(book: PriceBook) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    """A second model of the same name is another one: ``gpt-5* (2)``."""
    for source, listing in book.sources.items():
        seen: dict[str, int] = {}
        for model in listing.models:
            name = _name(model.match)
            seen[name] = seen.get(name, 0) + 1
            yield (source, name if seen[name] == 1 else f"{name} ({seen[name]})"), _dated(model.tariffs)


def _dated(tariffs: Sequence[DatedTariff]) -> dict[str, str]:
    return {
        name if tariff.since is None else f"from {tariff.since} {name}": value
        for tariff in tariffs
        for name, value in listed(tariff).items()
    }


def _name(match: Match) -> str:
    """How the book finds the model, of several ways the first one."""
    if match.any or match.all:
        return _name((match.any or match.all or ())[0])
    if match.equals is not None:
        return match.equals
    if match.starts_with is not None:
        return f"{match.starts_with}*"
    if match.ends_with is not None:
        return f"*{match.ends_with}"
    return f"*{match.contains}*" if match.contains is not None else f"/{match.regex}/"
