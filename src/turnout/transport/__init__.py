"""The only place that opens a socket to an upstream: HTTP/1.1 on httptools' parser and the event loop's own TLS.

docs/decisions/http-client.md tells why it is not one of the client libraries.
"""

from .codings import Unpacker, UnpackError, can_unpack, named_codings, offered
from .fetch import Fetcher
from .pool import Transport
from .response import Response
from .target import address_of

__all__ = [
    "ERROR_BODY_LIMIT",
    "Fetcher",
    "Response",
    "Transport",
    "UnpackError",
    "Unpacker",
    "address_of",
    "can_unpack",
    "named_codings",
    "offered",
]

ERROR_BODY_LIMIT = 64 * 1024
"""The bytes that are read of an error reply."""
