"""The parts of HTTP/1.1 that the simulator needs, as data and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from http.client import responses

import msgspec


class Request(msgspec.Struct, frozen=True):
    """``path`` is percent-decoded. The names of headers are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


LAST_CHUNK = b"0\r\n\r\n"


def head(status: int, headers: Sequence[tuple[str, str]]) -> bytes:
    """Status line and headers. A status without a standard phrase, such as Anthropic's 529, has an empty one."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
