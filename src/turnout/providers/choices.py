"""The state that a decoder keeps for each choice of an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from turnout.errors import ReplyTooLarge

MOST_CHOICES: Final = 1000
"""More than any provider gives. It bounds the memory, as even an empty choice has a state."""

State = TypeVar("State")


class PerChoice(dict[int, State]):
    """Creates the state of a choice when its number is first looked up. Raises ``ReplyTooLarge``."""

    def __init__(self, create: Callable[[int], State]) -> None:
        super().__init__()
        self._create = create

    def __missing__(self, number: int) -> State:
        if len(self) == MOST_CHOICES:
            raise ReplyTooLarge(f"The provider's answer has more than {MOST_CHOICES} choices.")
        state = self[number] = self._create(number)
        return state
