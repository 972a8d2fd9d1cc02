"""The base of endpoints whose requests may name an earlier answer instead of repeating the conversation.

The server stores the conversations. The endpoint says what to store, and puts what was stored before a new request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from turnout.core import ChatRequest, Continuation


class EarlierAnswers(msgspec.Struct, frozen=True):
    """Ids of stored answers: the one that a request continues, and those whose items it refers to."""

    previous: str | None
    referenced: frozenset[str] = frozenset()


class Turn(msgspec.Struct, frozen=True):
    """One request and its answer. ``items`` and ``output`` are JSON arrays, ``answer`` is the whole answer as JSON."""

    id: str
    previous: str | None
    items: bytes
    output: bytes
    answer: bytes


class ConversationEndpoint:
    """After ``close``, the ``response`` of its renderer is the whole answer."""

    def earlier_answers(self, request: ChatRequest) -> EarlierAnswers | None:
        """None for a request that needs no earlier answer."""
        raise NotImplementedError

    def continued(
        self, request: ChatRequest, earlier: Continuation | None, referenced: Sequence[msgspec.Raw]
    ) -> ChatRequest:
        """``request`` after the ``earlier`` conversation, with the items that it refers to."""
        raise NotImplementedError

    def turn(self, request: ChatRequest, answer: bytes) -> Turn | None:
        """The turn to store; None when nothing is stored."""
        raise NotImplementedError

    def items(self, turn_id: str, items: Sequence[msgspec.Raw]) -> Sequence[Mapping[str, object]]:
        """The ``items`` of an input as clients list them, each with an id."""
        raise NotImplementedError
