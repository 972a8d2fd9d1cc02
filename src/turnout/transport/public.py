"""Which addresses belong to the public internet. Everything else is somebody's inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_NOT_PUBLIC_V4: Final = (
    ip_network(
        "168.63.129.16/32"
    ),  # Azure's host; other clouds' metadata services are at link-local or shared addresses
    ip_network("192.0.0.0/24"),  # protocol assignments, Oracle's metadata among them: global to older Pythons
    ip_network("192.88.99.0/24"),  # relays to 6to4
)
_DOCUMENTATION: Final = ip_network("3fff::/20")

_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
"""Translated into IPv4 on the way (RFC 6052): as public as what is inside."""


def is_public(address: str) -> bool:
    """``address`` is numeric, as a resolver gives it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def _is_public_v4(address: IPv4Address) -> bool:
    if any(address in network for network in _NOT_PUBLIC_V4):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_public_v6(address: IPv6Address) -> bool:
    inner = _inside(address)
    if inner is not None:
        return all(map(_is_public_v4, inner))
    return address in _GLOBAL_UNICAST and address.is_global and address not in _DOCUMENTATION


def _inside(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """The IPv4 addresses that an IPv6 one stands for: mapped, NAT64, 6to4, Teredo."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo
