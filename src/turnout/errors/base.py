"""The base class, and what an error may mean."""

from __future__ import annotations

from typing import Literal, Self

ErrorKind = Literal[
    "", "context", "quota", "rate_limit", "overloaded", "content_filter", "authentication", "model_not_found"
]
"""What an error means, whoever reports it. Each dialect has its own words for it. Empty: none of these."""


class TurnoutError(Exception):
    """The base class. ``str(error)`` is safe to show to a client and says what to do."""

    status: int = 500
    code: str = "internal_error"
    kind: ErrorKind = ""
    tokens: int | None = None
    limit: int | None = None
    """Of a ``context`` error: what the request has and what the model takes; None where nobody said it."""

    def __init__(self, message: str) -> None:
        message = encodable(message)
        super().__init__(message)
        self.message = message

    def afresh(self) -> Self:
        """A copy without the traceback.

        An object that keeps an error keeps such a copy, and raises another one. The frames of a traceback hold the
        request and often that object itself, so that the two would keep each other alive.
        """
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__)
        return copy


def encodable(text: str) -> str:
    """Replaces half characters (``"\\ud800"``), which a client's text can hold and a reply can't."""
    return text if text.isascii() else text.encode(errors="replace").decode()
