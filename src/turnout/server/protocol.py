"""Bounds on what a connection may cost before a request is even understood."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from turnout.catalog.settings import ServerSettings
from turnout.errors import HeadersTooLarge, Overloaded

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"  # never complete
)


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration with our bounds: with it they reach the protocol, in worker processes too."""

    def __init__(self, app: Any, bounds: ServerSettings, **more: Any) -> None:
        super().__init__(app, http=BoundedProtocol, **more)
        self.bounds = bounds


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit on connections, and on the bytes of a request's headers and the time they take.

    What is over a limit is answered by the app (``refuse_with`` in the scope's state), in the dialect's shape; who
    doesn't get its headers out is cut off.
    """

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        bounds = cast(BoundedConfig, config).bounds
        self._max_connections = bounds.max_connections
        self._max_head = bounds.max_header_bytes
        self._head_seconds = bounds.body_timeout
        self._head_bytes: int | None = 0  # received of a head that isn't complete
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is None:
            self._stop_waiting()
        elif self._head_bytes > 2 * self._max_head:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._head_timer is None:
            self._wait_for_head()

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self._head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if len(self.connections) > self._max_connections:
            many = f"More than {self._max_connections} connections are open. Try again in a moment."
            self._refuse(Overloaded(many))
        elif sum([len(name) + len(value) for name, value in self.headers]) > self._max_head:
            self._refuse(HeadersTooLarge(f"The headers are larger than {self._max_head} bytes, the limit here."))
        super().on_headers_complete()

    def _refuse(self, error: Exception) -> None:
        self.scope["state"] = {"refuse_with": error}
