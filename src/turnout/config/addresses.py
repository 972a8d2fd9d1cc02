"""Addresses: whether a URL is well-formed, whether it leads to Turnout itself, and why a port can't be listened on."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .settings import ServerSettings

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104  # compared, not listened on
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_well_formed(url: str) -> bool:
    return _split(url) is not None and not any(character.isspace() for character in url)


def is_proxy(address: str) -> bool:
    """Whether it is ``http(s)://user:password@host:port``. Without a scheme it is ``http``."""
    parts = _split(address if "://" in address else f"http://{address}")
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return False
    return address.isascii() and address.isprintable() and " " not in address


def names_user(address: str) -> bool:
    """Whether it has a user, with a password or without."""
    return "@" in address.rpartition("://")[2].partition("/")[0]


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, means this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_own(url: str, server: ServerSettings) -> bool:
    """Whether ``url`` leads to the address that Turnout listens on. Port 0 (the system chooses one) never matches."""
    parts = _split(url)
    if parts is None or (parts.port or _DEFAULT_PORTS.get(parts.scheme)) != server.port:
        return False
    return parts.hostname in _HERE or parts.hostname == server.host.lower()


def why_not_listening(host: str, port: int, error: OSError, variables: Collection[str] = ()) -> str:
    """The message for an address that Turnout can't listen on. It names the option that chooses another address.

    ``variables`` are the environment variables, ``HOST`` or ``PORT``, that the address comes from.
    """
    number = error.errno or 0
    option = "--port" if number in (errno.EADDRINUSE, errno.EACCES) else "--host"
    reason = (
        os.strerror(number) if number > 0 else error.strerror
    )  # asyncio's text is longer; a host name's error has no errno
    variable = option.removeprefix("--").upper()
    source = f" The environment variable {variable} says so." if variable in variables else ""
    return f"Can't listen on {host}:{port}: {reason}.{source} Choose another with {option}."


def _split(url: str) -> SplitResult | None:
    """None for brackets that don't match, and for an invalid port."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None
