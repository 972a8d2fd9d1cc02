"""The base of endpoints that also answer over a WebSocket: one connection, and one request after the other.

The server runs each request as it runs one that came by POST. The conversation turns messages into bodies of requests,
and the events of an answer into messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from turnout.core import StreamEvent


class Asked(Protocol):
    """One request of a conversation. ``body`` is that of a POST for a stream."""

    body: bytes
    warms_up: bool
    """The client wants no answer yet, only an id to go on from."""


class SocketConversation(Protocol):
    """One connection's conversation. ``warm_up`` are the events of an answer that says nothing."""

    warm_up: Sequence[StreamEvent]

    def asked(self, message: str) -> Asked:
        """Raises ``InvalidRequest`` for a message that asks for nothing."""
        ...

    def answered(self, asked: Asked, event: bytes) -> None:
        """Looks at the JSON of each event of the answer, to keep what a later request may continue."""
        ...

    def error(self, status: int, body: bytes) -> bytes:
        """The message for an error whose body a POST would have got."""
        ...


class SocketEndpoint:
    def socket_conversation(self) -> SocketConversation | None:
        """None where only POST is served."""
        raise NotImplementedError
