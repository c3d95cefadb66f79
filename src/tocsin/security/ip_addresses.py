"""Network addresses that Tocsin may connect to for a user: public unicast, and those that the operator allows.

The rules follow the IANA special-purpose address registries (RFC 6890). An IPv6 address that embeds an IPv4 address
leads there, so that one is checked as well: `ipaddress` considers 64:ff9b::10.0.0.1 and 2002:a00:1:: global.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from tocsin.config import IPNetwork

IpAddress = IPv4Address | IPv6Address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 section 2.5.5.1, deprecated
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}  # RFC 5214 section 6.1
_REFUSED: tuple[IPNetwork, ...] = (  # not covered by is_global in every Python since 3.11
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; one cloud's metadata service lives there
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    IPv4Network("168.63.129.16/32"),  # Azure's host agent, a public address that serves only its guests
    IPv6Network("2001::/23"),  # IETF protocol assignments, Teredo among them
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


def is_address_allowed(address: str, allowed: Sequence[IPNetwork]) -> bool:
    """Tell whether a connection to `address`, a literal IPv4 or IPv6 address, may be opened.

    Everything that is not global unicast is refused: private, loopback, link-local (cloud metadata), carrier-grade NAT,
    multicast, unspecified and reserved addresses, also embedded in an IPv6 address. Networks in `allowed` are excepted.
    Text that is not an address is refused.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _may_call(parsed, allowed)


def _may_call(address: IpAddress, allowed: Sequence[IPNetwork]) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # the same destination
    if any(address in network for network in allowed):
        return True
    return _is_public(address) and all(_may_call(inner, allowed) for inner in embedded_ipv4_addresses(address))


def _is_public(address: IpAddress) -> bool:
    if any(address in network for network in _REFUSED) or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not address.is_reserved
    return address in _GLOBAL_UNICAST or address in _NAT64[0]


def embedded_ipv4_addresses(address: IpAddress) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses embedded in `address` that traffic to it may reach."""
    if isinstance(address, IPv4Address):
        return
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        yield last
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        yield last
