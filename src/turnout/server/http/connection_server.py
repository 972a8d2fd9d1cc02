"""What a connection knows of the server that accepted it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from turnout.config import ServerSettings

from .exchange import Exchange
from .head import Network
from .timeout_queue import TimeoutQueue

if TYPE_CHECKING:  # a connection needs this module
    from .connection import Connection


class ConnectionServer(Protocol):
    """The server that accepted a connection: its bounds, and the queues of connections that wait."""

    loop: asyncio.AbstractEventLoop
    bounds: ServerSettings
    trusted: tuple[Network, ...]
    """Proxies whose ``X-Forwarded-For`` is believed."""

    draining: bool
    """The server stops, and each connection ends with its current reply."""

    idle: TimeoutQueue[Connection]
    heads: TimeoutQueue[Connection]
    lingering: TimeoutQueue[Connection]
    stalled: TimeoutQueue[Connection]
    bodies: TimeoutQueue[Exchange]

    @property
    def over_capacity(self) -> bool:
        """Whether there are more connections than there may be."""
        ...

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def requests_of(self, client: str) -> int:
        """How many requests of an address are under way."""
        ...

    def exchange_began(self, exchange: Exchange) -> None: ...

    def exchange_ended(self, exchange: Exchange) -> None: ...
