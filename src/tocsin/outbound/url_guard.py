"""A check of URLs, before any look-up, for what the guard would refuse in any case. Pure."""

from ipaddress import ip_address

from yarl import URL

from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.urls import display_authority
from tocsin.security.ip_addresses import is_address_allowed

_LOOPBACK = ("127.0.0.1", "::1")


def find_static_failure(url: URL, rules: ConnectionRules) -> HttpFailure | None:
    """Return why `url` can never be called; None if that depends on a look-up.

    Checks its port, its literal address, `localhost` (RFC 6761 section 6.3), and Tocsin's own services. Any other name
    is checked at the time of the call, by its addresses then.
    """
    if url.port in rules.denied_ports:
        return HttpFailure.port_denied(url.port or 0)
    host = url.raw_host or ""
    addresses = _addresses(host)
    if addresses and not any(is_address_allowed(address, rules.allowed_networks) for address in addresses):
        return HttpFailure.address_blocked(addresses[0], host)
    if rules.own_services.has_host(host, url.port or 0):
        return HttpFailure.own_service_denied(display_authority(url))
    return None


def is_in_allowed_network(url: URL, rules: ConnectionRules) -> bool:
    """Tell whether the host is an address, or localhost, in a network that the operator allows, without any look-up."""
    addresses = map(ip_address, _addresses(url.raw_host or ""))
    return any(address in network for address in addresses for network in rules.allowed_networks)


def _addresses(host: str) -> tuple[str, ...]:
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK
    try:
        ip_address(host)
    except ValueError:
        return ()
    return (host,)
