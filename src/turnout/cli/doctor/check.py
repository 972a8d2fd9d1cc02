"""The findings of the doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Mark = Literal["ok", "note", "wrong"]


class Check(NamedTuple):
    """A check that is ``wrong`` makes the exit status 1. ``text`` also says what to do."""

    mark: Mark
    text: str


_MAX_SHOWN = 5


def shortened(names: Sequence[str]) -> str:
    """The first names, and the number of the others."""
    shown = ", ".join(names[:_MAX_SHOWN])
    return f"{shown} and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else shown


class Section(NamedTuple):
    title: str
    checks: list[Check]
