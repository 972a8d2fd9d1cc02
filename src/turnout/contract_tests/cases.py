"""A case, and how it says what is wrong: pytest rewrites no ``assert`` of an installed package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """``name`` says what has to be so; a call raises ``AssertionError`` if it isn't."""

    name: str
    check: Callable[[], None]

    def __call__(self) -> None:
        self.check()

    def __str__(self) -> str:
        return self.name


def claim(true: object, otherwise: str) -> None:
    """``otherwise`` says what is wrong."""
    if not true:
        raise AssertionError(otherwise)


def same(found: object, wanted: object, what: str) -> None:
    claim(found == wanted, f"{what} is {found!r}, and should be {wanted!r}")


def raised(kind: type[Exception], call: Callable[[], object], when: str) -> Any:
    """The error that ``call`` raises."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} is raised for {when}")
