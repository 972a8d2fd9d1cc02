"""The only place that opens a socket to an upstream: HTTP/1.1 on httptools' parser and the event loop's own TLS.

Why not one of the client libraries: docs/decisions/http-client.md.
"""

from .connection import Response
from .fetch import Fetcher
from .pool import Transport
from .target import address_of

__all__ = ["ERROR_BODY_LIMIT", "Fetcher", "Response", "Transport", "address_of"]

ERROR_BODY_LIMIT = 64 * 1024
"""How much of an error reply is worth reading."""
