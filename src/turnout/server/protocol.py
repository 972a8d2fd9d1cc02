"""Bounds on what a connection may cost before a request is even understood."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from turnout.catalog.settings import ServerSettings
from turnout.errors import HeadersTooLarge, Overloaded

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"  # never complete
)


def bounded_protocol(settings: ServerSettings) -> type[HttpToolsProtocol]:
    """uvicorn's protocol with a limit on connections and on the bytes of a request's headers.

    What is over a limit is answered by the app (``refuse_with`` in the scope's state), in the dialect's shape.
    """
    max_connections, max_head = settings.max_connections, settings.max_header_bytes

    class BoundedProtocol(HttpToolsProtocol):
        _head_bytes: int | None = 0  # received of a head that isn't complete

        def data_received(self, data: bytes) -> None:
            if self._head_bytes is not None:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._head_bytes is not None and self._head_bytes > 2 * max_head:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._head_bytes = 0

        def on_headers_complete(self) -> None:
            self._head_bytes = None
            if len(self.connections) > max_connections:
                self._refuse(Overloaded(f"More than {max_connections} connections are open. Try again in a moment."))
            elif sum([len(name) + len(value) for name, value in self.headers]) > max_head:
                self._refuse(HeadersTooLarge(f"The headers are larger than {max_head} bytes, the limit here."))
            super().on_headers_complete()

        def _refuse(self, error: Exception) -> None:
            self.scope["state"] = {"refuse_with": error}

    return BoundedProtocol
