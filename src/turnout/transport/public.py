"""Tells addresses of the public internet from all others."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_NOT_PUBLIC_V4: Final = (
    ip_network("168.63.129.16/32"),  # Azure's host; other clouds' metadata are at link-local or shared addresses
    ip_network("192.0.0.0/24"),  # protocol assignments, with Oracle's metadata; older Pythons call them global
    ip_network("192.88.99.0/24"),  # relays to 6to4
)
_DOCUMENTATION: Final = ip_network("3fff::/20")

_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
"""Routers translate these to the IPv4 address inside (RFC 6052), so that address decides."""


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
    embedded = _embedded_v4(address)
    if embedded is not None:
        return all(map(_is_public_v4, embedded))
    return address in _GLOBAL_UNICAST and address.is_global and address not in _DOCUMENTATION


def _embedded_v4(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """The IPv4 addresses inside an IPv6 one: mapped, NAT64, 6to4, Teredo."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo
