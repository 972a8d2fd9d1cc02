"""Names that refer to other names: aliases and fallbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def circle(references: Mapping[str, Sequence[str]]) -> list[str] | None:
    """A chain of names that ends at its first name. None when there is no such chain."""
    try:
        TopologicalSorter(references).prepare()
    except CycleError as error:
        chain: list[str] = error.args[1]  # each name refers to the name before it
        return chain[::-1]
    return None


def resolved(aliases: Mapping[str, str]) -> dict[str, str]:
    """The name at the end of each alias's chain of aliases. There must be no circle."""
    targets: dict[str, str] = {}
    for alias in aliases:
        name = alias
        while name in aliases and name not in targets:
            name = aliases[name]
        targets[alias] = targets.get(name, name)
    return targets
