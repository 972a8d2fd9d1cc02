"""Names that refer to other names: aliases and fallbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def circle(references: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Names that lead back to the first of them, which stands at the end again; None when no names do."""
    try:
        TopologicalSorter(references).prepare()
    except CycleError as error:
        way: list[str] = error.args[1]  # each name is referred to by the next one
        return way[::-1]
    return None


def resolved(aliases: Mapping[str, str]) -> dict[str, str]:
    """Each alias with the name that its chain of aliases ends at. There must be no circle."""
    ends: dict[str, str] = {}
    for alias in aliases:
        name = alias
        while name in aliases and name not in ends:
            name = aliases[name]
        ends[alias] = ends.get(name, name)
    return ends
