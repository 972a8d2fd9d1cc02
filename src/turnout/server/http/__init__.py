"""HTTP/1.1 on httptools' parser: connections, requests and replies, as an ASGI server sees them.

Why not a server from a library: docs/decisions/http-server.md.
"""

from .server import HttpServer

__all__ = ["HttpServer"]
