"""A case, and its checks with clear errors, as pytest rewrites no ``assert`` of an installed package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """``name`` says what has to hold. A call raises ``AssertionError`` if it doesn't."""

    name: str
    check: Callable[[], None]

    def __call__(self) -> None:
        self.check()

    def __str__(self) -> str:
        return self.name


def require(condition: object, problem: str) -> None:
    """Raises ``AssertionError`` with ``problem`` if the condition is false."""
    if not condition:
        raise AssertionError(problem)


def require_equal(value: object, expected: object, description: str) -> None:
    require(value == expected, f"{description} is {value!r}, and should be {expected!r}")


def require_error(kind: type[Exception], call: Callable[[], object], situation: str) -> Any:
    """Returns the error of this kind that ``call`` raises."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} is raised for {situation}")
