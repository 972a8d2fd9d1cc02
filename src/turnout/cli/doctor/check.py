"""What the doctor has to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Mark = Literal["ok", "note", "wrong"]


class Check(NamedTuple):
    """``wrong`` makes the exit status 1; ``note`` is worth knowing. ``text`` says what to do as well."""

    mark: Mark
    text: str


_SHOWN = 5


def some(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


class Section(NamedTuple):
    title: str
    checks: list[Check]
