"""Checks a request's head, and finds the client that sent it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import unquote

import httptools

Headers = Sequence[tuple[bytes, bytes]]
Network = IPv4Network | IPv6Network

_SOCKET_HEADERS = frozenset({b"sec-websocket-key", b"sec-websocket-version"})
_CHECKED_HEADERS = frozenset({b"host", b"transfer-encoding", b"expect"})


class Malformed(ValueError):
    """The request isn't HTTP, or two parsers could read it differently. The message is for the client."""


class CheckedHead:
    """``size`` is the bytes of all names and values. ``expects_continue``: the client waits for ``100 Continue``."""

    __slots__ = ("expects_continue", "size")

    def __init__(self, headers: Headers, version: str) -> None:
        """Raises ``Malformed``."""
        size, hosts, self.expects_continue = 0, 0, False
        for name, value in headers:
            size += len(name) + len(value)
            if name in _CHECKED_HEADERS:
                if name == b"host":
                    hosts += 1
                elif name == b"expect":
                    self.expects_continue = value.lower() == b"100-continue"
                elif value.strip().lower() != b"chunked":
                    raise Malformed("The only Transfer-Encoding that is read here is 'chunked'.")
        if hosts != 1 and (hosts or version == "1.1"):
            raise Malformed(f"A request has one Host header; this one has {hosts}.")
        self.size = size


def offers_socket(headers: Headers) -> bool:
    """Whether the client offers a WebSocket, with all that RFC 6455 asks of it (4.1)."""
    offered = [value.strip().lower() for name, value in headers if name == b"upgrade"] == [b"websocket"]
    return offered and {name for name, _ in headers} >= _SOCKET_HEADERS


def split_url(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, raw path and query of a request's target. Raises ``Malformed``."""
    if not url.startswith(b"/"):
        url = _without_origin(url)
    raw_path, _, query = url.partition(b"?")
    try:
        path = raw_path.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("The path holds bytes that have to be percent-encoded.") from None
    return unquote(path) if "%" in path else path, raw_path, query


def _without_origin(url: bytes) -> bytes:
    """The path and query of a target that is a whole address, as a proxy gets it, or ``*``, as OPTIONS may have it."""
    if url == b"*":
        return b"/*"
    try:
        parts = httptools.parse_url(url)
    except httptools.HttpParserError:
        raise Malformed("The request's target is neither a path nor an address.") from None
    path = parts.path or b"/"
    return path if parts.query is None else path + b"?" + parts.query


def is_within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def forwarded_client(headers: Headers, peer: str, trusted: Sequence[Network]) -> str:
    """The client that sent the request to ``peer``, a trusted proxy.

    Each proxy adds an address at the end, so the client's is the last one that isn't a trusted proxy's.
    """
    forwarded = b",".join([value for name, value in headers if name == b"x-forwarded-for"]).decode("latin-1")
    client = peer
    for entry in reversed(forwarded.split(",")):
        address = _address(entry.strip())
        if address is None:
            break
        client = address
        if not is_within(address, trusted):
            break
    return client


def _address(entry: str) -> str | None:
    """The address in ``entry``, without the port that some proxies add; None if there is none."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ip_address(entry))
    except ValueError:
        return None
