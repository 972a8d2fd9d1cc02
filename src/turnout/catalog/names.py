"""Known names that look like an unknown one. A search takes the same time however many names there are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

NEIGHBOURS: Final = 25
MAX_COMPARED: Final = 128  # characters of the unknown name that are compared


class NameIndex:
    """Two sorted lists: names as they are, and reversed. Names that begin or end alike are neighbours there."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = sorted(names)
        self._reversed = sorted(name[::-1] for name in self._sorted)

    def close_to(self, name: str) -> Sequence[str]:
        """Up to three names, best first."""
        name = name[:MAX_COMPARED]
        candidates = {
            *_around(self._sorted, name),
            *(reversed_[::-1] for reversed_ in _around(self._reversed, name[::-1])),
        }
        return get_close_matches(name, sorted(candidates), n=3)


def _around(names: Sequence[str], name: str) -> Sequence[str]:
    position = bisect_left(names, name)
    return names[max(position - NEIGHBOURS, 0) : position + NEIGHBOURS]
