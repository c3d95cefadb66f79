"""A check of URLs, before any look-up, for what the guard would refuse in any case. Pure."""

from ipaddress import ip_address

from yarl import URL

from tocsin.outbound.failures import HttpFailure, blocked, denied_port, own_service
from tocsin.outbound.guard import Rules
from tocsin.outbound.urls import place
from tocsin.security.ip_addresses import is_allowed

_LOOPBACK = ("127.0.0.1", "::1")


def find_refusal(url: URL, rules: Rules) -> HttpFailure | None:
    """Return why `url` can never be called; None if that depends on a look-up.

    Checks its port, its literal address, `localhost` (RFC 6761 section 6.3), and Tocsin's own services. Any other name
    is checked at the time of the call, by its addresses then.
    """
    if url.port in rules.denied_ports:
        return denied_port(url.port or 0)
    host = url.raw_host or ""
    addresses = _addresses(host)
    if addresses and not any(is_allowed(address, rules.allowed) for address in addresses):
        return blocked(addresses[0], host)
    return own_service(place(url)) if rules.own.names(host, url.port or 0) else None


def _addresses(host: str) -> tuple[str, ...]:
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK
    try:
        ip_address(host)
    except ValueError:
        return ()
    return (host,)
