"""The services of this installation: its server and metrics, its database, its mail server.

Tasks may not call them, whatever networks are allowed.
"""

import socket
from collections.abc import Collection, Iterable
from ipaddress import IPv6Address, ip_address

from aiohttp.abc import AbstractResolver
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from tocsin.config import Settings
from tocsin.security.ip_addresses import IpAddress, embedded_ipv4_addresses

HostPort = tuple[str, int]
"""Host and port."""


class OwnServices:
    """Own `ports`, at any address of this machine, and own `servers`, which may run on other machines."""

    def __init__(self, ports: Iterable[int] = (), servers: Collection[HostPort] = ()) -> None:
        self.local_ports = frozenset(ports)
        self.servers = frozenset((_name(host), port) for host, port in servers)
        self.server_ports = frozenset(port for _, port in self.servers)
        self._addresses: dict[HostPort, frozenset[IpAddress]] = {}

    @classmethod
    def from_settings(cls, settings: Settings, ports: Iterable[int] = ()) -> "OwnServices":
        """Read the services from the settings, and add further `ports` of this machine."""
        served = set() if settings.allow_self_calls else {settings.port}
        served |= {settings.metrics_port or 0, *ports}
        return cls(served - {0}, _servers(settings))

    def has_host(self, host: str, port: int) -> bool:
        """Tell whether a URL's host and port name one of the services, without any look-up."""
        if (_name(host), port) in self.servers:
            return True
        address = _parse(host)
        local = _name(host) == "localhost" or _name(host).endswith(".localhost")
        return port in self.local_ports and (local or (address is not None and _is_local(address)))

    def has_address(self, address: str, port: int) -> bool:
        """Tell whether a connection to this literal address and port reaches one of the services."""
        if port not in self.local_ports and port not in self.server_ports:
            return False
        parsed = _parse(address)
        if parsed is None:
            return True
        reached = {parsed, *map(_unmap, embedded_ipv4_addresses(parsed))}
        is_ours = any(map(_is_of_this_machine, reached))
        if is_ours and port in self.local_ports:
            return True
        return any(self._is_at(server, reached, is_ours=is_ours) for server in self.servers if server[1] == port)

    def _is_at(self, server: HostPort, reached: Collection[IpAddress], *, is_ours: bool) -> bool:
        known = self._addresses.get(server)
        if known is None:  # its name has not been resolved yet
            return True
        return not known.isdisjoint(reached) or (is_ours and any(map(_is_of_this_machine, known)))

    async def resolve_servers(self, port: int, resolver: AbstractResolver) -> None:
        """Resolve the servers with this port again. Names that cannot be resolved keep their addresses."""
        for server in self.servers:
            if server[1] == port:
                try:
                    found = await _addresses_of(server, resolver)
                except OSError:
                    continue
                self._addresses[server] = frozenset(address for address in found if address is not None)


async def _addresses_of(server: HostPort, resolver: AbstractResolver) -> list[IpAddress | None]:
    literal = _parse(server[0])
    if literal is not None:
        return [literal]
    return [_parse(entry["host"]) for entry in await resolver.resolve(*server)]


def _servers(settings: Settings) -> list[HostPort]:
    servers = [(settings.smtp_host, settings.smtp_port)] if settings.smtp_host else []
    uri = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri else ""
    if not uri.startswith("mongodb://"):  # the servers of mongodb+srv are known only to the DNS
        return servers
    try:
        nodes = parse_uri(uri, warn=False)["nodelist"]
    except (PyMongoError, ValueError):  # reported when the database is opened
        return servers
    return [*servers, *((host, port) for host, port in nodes if port is not None)]


def _name(host: str) -> str:
    return host.lower().strip("[]").removesuffix(".")


def _parse(host: str) -> IpAddress | None:
    try:
        return _unmap(ip_address(host.partition("%")[0].strip("[]")))
    except ValueError:
        return None


def _unmap(address: IpAddress) -> IpAddress:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_local(address: IpAddress) -> bool:
    return address.is_loopback or address.is_unspecified


def _is_of_this_machine(address: IpAddress) -> bool:
    """Tell whether an address can be bound to, which only works on this machine, including on new interfaces."""
    if _is_local(address):
        return True
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
