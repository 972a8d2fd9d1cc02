"""Names that look like one that isn't known. Costs the same however many names there are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

NEIGHBOURS: Final = 25
LONGEST: Final = 128  # characters of the asked name that are looked at


class NameIndex:
    """Sorted forwards and backwards, so that names which begin or end like the asked one stand beside it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._forwards = sorted(names)
        self._backwards = sorted(name[::-1] for name in self._forwards)

    def close_to(self, name: str) -> Sequence[str]:
        """Up to three names, best first."""
        name = name[:LONGEST]
        near = {
            *_around(self._forwards, name),
            *(backwards[::-1] for backwards in _around(self._backwards, name[::-1])),
        }
        return get_close_matches(name, sorted(near), n=3)


def _around(names: Sequence[str], name: str) -> Sequence[str]:
    place = bisect_left(names, name)
    return names[max(place - NEIGHBOURS, 0) : place + NEIGHBOURS]
