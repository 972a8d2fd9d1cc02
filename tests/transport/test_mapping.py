"""Every foreign exception becomes one of ours."""

from __future__ import annotations

import asyncio
import builtins
import errno
import socket
import ssl

import httptools
import httptools.parser.errors
import pytest

from turnout.errors import UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from turnout.transport import UnpackError
from turnout.transport.mapping import FOREIGN, upstream_error

ADDRESS = "http://h:1"


def exceptions_of(module: object) -> list[type[BaseException]]:
    return [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseException)]


RAISED = sorted(
    {
        *[kind for module in (builtins, socket, ssl) for kind in exceptions_of(module) if issubclass(kind, OSError)],
        *exceptions_of(httptools.parser.errors),
        *[kind for kind in exceptions_of(builtins) if issubclass(kind, UnicodeError)],
        asyncio.TimeoutError,
        UnpackError,
    },
    key=lambda kind: kind.__name__,
)
"""All that sockets, TLS, names, the parser and the decompressor can raise."""


def build_error(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, UnicodeDecodeError):
        return kind("idna", b"x", 0, 1, "why")
    if issubclass(kind, UnicodeEncodeError):
        return kind("idna", "x", 0, 1, "why")
    if issubclass(kind, UnicodeTranslateError):
        return kind("x", 0, 1, "why")
    error = kind("why")
    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_every_foreign_exception_is_mapped(kind: type[BaseException]) -> None:
    assert issubclass(kind, FOREIGN)
    error = upstream_error(build_error(kind), ADDRESS)
    assert isinstance(error, UpstreamError)
    assert error.message.startswith(f"{ADDRESS} ")
    assert error.message.endswith(".")


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, AttributeError, MemoryError])
def test_a_defect_of_ours_is_not(kind: type[Exception]) -> None:
    assert not issubclass(kind, FOREIGN)
    with pytest.raises(TypeError, match="no mapping"):
        upstream_error(kind("why"), ADDRESS)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        pytest.param(
            TimeoutError(), UpstreamTimeout, "could not be connected to in time (timeouts.connect).", id="timeout"
        ),
        pytest.param(ConnectionRefusedError(111, "x"), UpstreamUnreachable, "refused the connection.", id="refused"),
        pytest.param(
            ConnectionResetError(), UpstreamUnreachable, "closed the connection before it answered.", id="reset"
        ),
        pytest.param(BrokenPipeError(), UpstreamUnreachable, "closed the connection before it answered.", id="pipe"),
        pytest.param(
            socket.gaierror(-2, "x"), UpstreamUnreachable, "has no address: the host name can't be resolved.", id="name"
        ),
        pytest.param(
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            UpstreamUnreachable,
            "can't be reached (Network is unreachable).",
            id="network",
        ),
        pytest.param(
            OSError("Multiple exceptions: a, b"),
            UpstreamUnreachable,
            "can't be reached (Multiple exceptions: a, b).",
            id="several-addresses",
        ),
        pytest.param(ssl.SSLError(1, "x"), UpstreamUnreachable, "failed the TLS handshake.", id="tls"),
        pytest.param(
            build_error(ssl.SSLCertVerificationError),
            UpstreamUnreachable,
            "has a certificate that isn't trusted (self-signed certificate).",
            id="certificate",
        ),
        pytest.param(httptools.HttpParserError("x"), UpstreamBroken, "sent what isn't HTTP.", id="parser"),
        pytest.param(UnpackError("x"), UpstreamBroken, "sent a compressed answer that can't be unpacked.", id="packed"),
    ],
)
def test_messages(error: BaseException, kind: type[UpstreamError], message: str) -> None:
    ours = upstream_error(error, ADDRESS)
    assert type(ours) is kind
    assert ours.message == f"{ADDRESS} {message}"
