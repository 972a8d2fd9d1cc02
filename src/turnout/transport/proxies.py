"""Which proxy a provider is asked through.

The variables and their rules are those that curl and Python's urllib share:
https://everything.curl.dev/usingcurl/proxies/env, https://curl.se/libcurl/c/CURLOPT_NOPROXY.html and
https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies. As in Go, loopback needs no mention in
``NO_PROXY`` (https://pkg.go.dev/net/http#ProxyFromEnvironment).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec

from turnout.core import Network
from turnout.errors import UpstreamUnreachable

from .target import Target, address_of, basic_authorization, target_of


class Proxy(msgspec.Struct, frozen=True):
    """``authorization`` is the value of ``Proxy-Authorization``, empty without a user. Never print it."""

    target: Target
    authorization: str

    @property
    def name(self) -> str:
        """For messages."""
        return f"The proxy {self.target.origin}"


class Proxies:
    """``variables`` are those of the environment, read once. An empty variable counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._by_scheme = {
            scheme: _first_set(variables, f"{scheme}_proxy") or _first_set(variables, "all_proxy")
            for scheme in ("http", "https")
        }
        self._exceptions = [
            _Exception(entry) for entry in _first_set(variables, "no_proxy").replace(",", " ").split() if entry
        ]

    def proxy_of(self, target: Target, network: Network | None) -> Proxy | None:
        """None: straight to the target. Raises ``UpstreamUnreachable`` for a proxy that can't be used."""
        if network is not None and network.proxy is not None:
            address = network.proxy.reveal()
            return proxy_at(address) if address else None
        address = self._by_scheme["https" if target.secure else "http"]
        if not address or _is_here(target.host):
            return None
        if any(exception.covers(target.host, target.port) for exception in self._exceptions):
            return None
        return proxy_at(address)


def _first_set(variables: Mapping[str, str], name: str) -> str:
    """The variable in lower case goes first."""
    return variables.get(name, "").strip() or variables.get(name.upper(), "").strip()


@lru_cache(64)
def proxy_at(address: str) -> Proxy:
    """``http://user:password@host:port``; without a scheme it is ``http``. Raises ``UpstreamUnreachable``."""
    url = address if "://" in address else f"http://{address}"
    try:
        return Proxy(target_of(url), basic_authorization(url))
    except UpstreamUnreachable as error:
        raise UpstreamUnreachable(
            f"The proxy '{address_of(url)}' can't be used: expected http://host:port or https://host:port."
        ) from error


class _Exception:
    """One entry of ``NO_PROXY``: ``*``, a name with all below it, an address, a network; each with a port or without.

    A name may begin with ``.`` or ``*.``, which says no more.
    """

    def __init__(self, entry: str) -> None:
        self._network = _network(entry)
        name, port = (entry, None) if self._network else _split_port(entry)
        self._network = self._network or _network(name)
        self._port = port
        self._name = name.lower().removeprefix("*").strip(".") if name != "*" else ""
        self._is_all = name == "*"

    def covers(self, host: str, port: int) -> bool:
        if self._port is not None and self._port != port:
            return False
        address = _address(host)
        if address is not None:
            return self._is_all or (self._network is not None and address in self._network)
        host = host.lower().rstrip(".")
        return self._is_all or (bool(self._name) and (host == self._name or host.endswith(f".{self._name}")))


def _split_port(entry: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{entry}")
        return parts.hostname or "", parts.port
    except ValueError:  # no port, and so no host that could be meant
        return "", None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    """Whether ``host`` is this machine."""
    address = _address(host)
    if address is None:
        return host.lower().rstrip(".") in ("localhost", "localhost.localdomain") or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_unspecified
