"""What a provider wasn't told as the client said it."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True):
    """``field`` is the path of a field that the client set. It was left out, or ``instead`` was sent in its place.

    ``kept``: the provider was told the same in another way. All other changes are named in ``x-turnout-dropped``.
    ``own``: numbers in ``field`` are those of the client's body, not of the core's messages and tools.
    """

    field: str
    instead: str = ""
    kept: bool = False
    own: bool = False

    def __str__(self) -> str:
        """For the request's record."""
        return f"{self.field}: {self.instead}" if self.instead else f"{self.field}: left out"


NO_CHANGES: tuple[Change, ...] = ()
