"""What a model is shown in a message of the user, because its wire has no place for it where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from turnout.core import Message, Part

Changed = Callable[[int, Message, list[Part]], Message]
"""Gives a message without what it has no place for, which is added to the list. The number is the message's."""


def shown_later(messages: Sequence[Message], changed: Changed) -> Iterator[Message]:
    """The changed messages. A message of the user shows what they lack, after the last result of a turn: nothing may
    stand between a call and its results.
    """
    shown: list[Part] = []
    for number, message in enumerate(messages):
        if message.role != "tool" and shown:
            yield Message("user", tuple(shown))
            shown = []
        yield changed(number, message, shown)
    if shown:
        yield Message("user", tuple(shown))
