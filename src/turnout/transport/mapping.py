"""Maps foreign exceptions to ours by a table, so that no foreign one leaves this room."""

from __future__ import annotations

import socket
import ssl
from typing import Final

import httptools

from turnout.errors import UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnreachable

from .codings import UnpackError

PARSER_ERRORS: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)

FOREIGN: Final = (OSError, UnicodeError, *PARSER_ERRORS, UnpackError)
"""The exceptions of the event loop, TLS, the parser and the decompressor."""

_TABLE: Final[tuple[tuple[type[BaseException], type[UpstreamError], str], ...]] = (
    (socket.gaierror, UpstreamUnreachable, "has no address: the host name can't be resolved"),
    (ssl.SSLCertVerificationError, UpstreamUnreachable, "has a certificate that isn't trusted"),
    (ssl.SSLError, UpstreamUnreachable, "failed the TLS handshake"),
    (ConnectionRefusedError, UpstreamUnreachable, "refused the connection"),
    (ConnectionError, UpstreamUnreachable, "closed the connection before it answered"),
    (OSError, UpstreamUnreachable, "can't be reached"),
    (UnicodeError, UpstreamUnreachable, "is no host name"),
    (httptools.HttpParserError, UpstreamBroken, "sent what isn't HTTP"),
    (httptools.HttpParserUpgrade, UpstreamBroken, "wants to speak another protocol"),
    (UnpackError, UpstreamBroken, "sent a compressed answer that can't be unpacked"),
)


def upstream_error(error: BaseException, address: str) -> UpstreamError:
    """Our error for a foreign one; raises ``TypeError`` for one that the table doesn't have."""
    if isinstance(error, TimeoutError):
        return UpstreamTimeout(f"{address} could not be connected to in time.", "timeouts.connect")
    for foreign, ours, description in _TABLE:
        if isinstance(error, foreign):
            return ours(f"{address} {description}{_detail(error)}.")
    raise TypeError(f"no mapping for {type(error).__name__}") from error


def _detail(error: BaseException) -> str:
    """The operating system's message for a plain ``OSError``, and the reason why a certificate isn't trusted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f" ({error.verify_message})"
    if type(error) is OSError:
        return f" ({error.strerror or error})"
    return ""
