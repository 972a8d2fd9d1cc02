"""What a request's head says beside what the application reads: is it sound, and who sent it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import unquote

import httptools

Headers = Sequence[tuple[bytes, bytes]]
Network = IPv4Network | IPv6Network

_LOOKED_AT = frozenset({b"host", b"transfer-encoding", b"expect"})


class Malformed(ValueError):
    """Not HTTP, or HTTP that two readers may read differently. The message is for the client."""


class Findings:
    """``size`` is the bytes of all names and values."""

    __slots__ = ("expects_continue", "size")

    def __init__(self, headers: Headers, version: str) -> None:
        """Raises ``Malformed``."""
        size, hosts, self.expects_continue = 0, 0, False
        for name, value in headers:
            size += len(name) + len(value)
            if name in _LOOKED_AT:
                if name == b"host":
                    hosts += 1
                elif name == b"expect":
                    self.expects_continue = value.lower() == b"100-continue"
                elif value.strip().lower() != b"chunked":
                    raise Malformed("The only Transfer-Encoding that is read here is 'chunked'.")
        if hosts != 1 and (hosts or version == "1.1"):
            raise Malformed(f"A request has one Host header; this one has {hosts}.")
        self.size = size


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
    """Proxies are asked with a whole address, OPTIONS may ask for ``*``."""
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
    """Who asked ``peer``, a proxy of ours: the last address that isn't a trusted proxy's (each adds at the end)."""
    told = b",".join([value for name, value in headers if name == b"x-forwarded-for"]).decode("latin-1")
    client = peer
    for said in reversed(told.split(",")):
        address = _address(said.strip())
        if address is None:
            break
        client = address
        if not is_within(address, trusted):
            break
    return client


def _address(said: str) -> str | None:
    """Without the port that some proxies add."""
    if said.startswith("["):
        said = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        said = said.partition(":")[0]
    try:
        return str(ip_address(said))
    except ValueError:
        return None
