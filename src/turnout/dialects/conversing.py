"""What a dialect adds to an endpoint whose requests name an earlier answer instead of repeating the conversation.

The server keeps the conversations; the endpoint knows what to keep of them, and what to put before a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from turnout.core import ChatRequest, Continuation


class Recall(msgspec.Struct, frozen=True):
    """What a request needs of what was kept: the answer that it continues, and answers that it takes items of."""

    previous: str | None
    referred: frozenset[str] = frozenset()


class Turn(msgspec.Struct, frozen=True):
    """One request and its answer. ``items`` and ``output`` are JSON arrays, ``answer`` the whole answer, as JSON."""

    id: str
    previous: str | None
    items: bytes
    output: bytes
    answer: bytes


class Conversing:
    """The base of such an endpoint; its renderer's ``response`` is the whole answer, once ``close`` was called."""

    def asks(self, request: ChatRequest) -> Recall | None:
        """None for a request that stands alone."""
        raise NotImplementedError

    def continued(
        self, request: ChatRequest, earlier: Continuation | None, referred: Sequence[msgspec.Raw]
    ) -> ChatRequest:
        """``request`` after what came before it, with the items that it refers to."""
        raise NotImplementedError

    def turn(self, request: ChatRequest, answer: bytes) -> Turn | None:
        """What to keep of an exchange; None when nothing is to be kept."""
        raise NotImplementedError

    def items(self, turn_id: str, items: Sequence[msgspec.Raw]) -> Sequence[Mapping[str, object]]:
        """``items`` of an input as they are shown to who asks for them, each with an id."""
        raise NotImplementedError
