"""An ASGI server for HTTP/1.1 on httptools' parser: connections, requests and replies.

docs/decisions/http-server.md says why it isn't a server from a library.
"""

from .server import HttpServer

__all__ = ["HttpServer"]
