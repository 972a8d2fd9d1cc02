"""Addresses: whether one can be read, and whether it is Turnout's own, where whoever asks is asked."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .settings import ServerSettings

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104  # compared, not listened on
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def is_readable(url: str) -> bool:
    return _split(url) is not None and not any(character.isspace() for character in url)


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, is this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_own(url: str, server: ServerSettings) -> bool:
    """Whether ``url`` leads to where Turnout listens. One on a port that the system chooses (0) isn't recognised."""
    parts = _split(url)
    if parts is None or (parts.port or _USUAL_PORTS.get(parts.scheme)) != server.port:
        return False
    return parts.hostname in _HERE or parts.hostname == server.host.lower()


def why_not_listening(host: str, port: int, error: OSError, variables: Collection[str] = ()) -> str:
    """What is wrong with an address that can't be listened on, and which option says another one.

    ``variables`` are those of ``HOST`` and ``PORT`` that it comes from.
    """
    number = error.errno or 0
    option = "--port" if number in (errno.EADDRINUSE, errno.EACCES) else "--host"
    reason = os.strerror(number) if number > 0 else error.strerror  # asyncio adds words; a name's error has its own
    variable = option.removeprefix("--").upper()
    source = f" The environment variable {variable} says so." if variable in variables else ""
    return f"Can't listen on {host}:{port}: {reason}.{source} Choose another with {option}."


def _split(url: str) -> SplitResult | None:
    """None for brackets that don't match, and for a port that is none."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None
