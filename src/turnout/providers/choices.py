"""What a decoder keeps for each choice of an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from turnout.errors import ReplyTooLarge

MOST_CHOICES: Final = 1000
"""More than any provider gives. Something is kept for each, even if it says nothing."""

Kept = TypeVar("Kept")


class PerChoice(dict[int, Kept]):
    """Made when a choice is first asked for, by its number."""

    def __init__(self, make: Callable[[int], Kept]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> Kept:
        if len(self) == MOST_CHOICES:
            raise ReplyTooLarge(f"The provider's answer has more than {MOST_CHOICES} choices.")
        made = self[number] = self._make(number)
        return made
