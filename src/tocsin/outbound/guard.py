"""The check of every connection when its socket is opened, including redirects and rebound names.

aiohttp asks the resolver for names only, so `resolvers.GuardedResolver` serves clear errors and names with several
addresses. The connector's socket factory always runs, and sees the very address that is connected to.
"""

from collections.abc import Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_network

from tocsin.config import IPNetwork, Settings
from tocsin.outbound.own_services import OwnServices
from tocsin.security.ip_addresses import is_address_allowed

ALL_NETWORKS: tuple[IPNetwork, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class AddressBlocked(OSError):
    """A connection to an address that is not public and that the operator has not allowed."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} may not be called")
        self.address = address


class PortDenied(OSError):
    """A connection to a port that the operator has denied to tasks."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} may not be called")
        self.port = port


class OwnServiceDenied(OSError):
    """A connection to a port of this installation itself, or of a server that it depends on."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"port {port} of {address} may not be called")
        self.address, self.port = address, port


_NOTHING_OWN = OwnServices()


@dataclass(frozen=True, slots=True)
class ConnectionRules:
    """The allowed destinations: public addresses and those in `allowed_networks`, at all ports but the `denied_ports`.

    Tocsin's own services are never allowed. `allows_apprise` tells whether users may use Apprise, whose connections are
    guarded less well.
    """

    allowed_networks: Sequence[IPNetwork] = ()
    denied_ports: Collection[int] = ()
    own_services: OwnServices = _NOTHING_OWN
    allows_apprise: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "ConnectionRules":
        """Return the rules of this installation, as far as its settings define them."""
        own = OwnServices.from_settings(settings)
        return cls(tuple(settings.allowed_networks), settings.denied_ports, own, settings.apprise)

    def check_port(self, port: int) -> None:
        """Raise PortDenied if the port is denied."""
        if port in self.denied_ports:
            raise PortDenied(port)

    def check_destination(self, address: str, port: int) -> None:
        """Check a literal address and a port. Raises AddressBlocked, PortDenied or OwnServiceDenied."""
        if not is_address_allowed(address, self.allowed_networks):
            raise AddressBlocked(address)
        self.check_port(port)
        if self.own_services.has_address(address, port):
            raise OwnServiceDenied(address, port)


@dataclass(slots=True)
class ConnectionContext:
    """The owner of the current request, and the seconds that its connection took.

    `fresh` is false when a connection was reused. `certificate_requested` is true when the server of a fresh one asked
    for a client certificate.
    """

    owner: str
    fresh: bool = False
    certificate_requested: bool = False
    dns_seconds: float = 0.0
    connect_seconds: float = 0.0


CONNECTION_CONTEXT: ContextVar[ConnectionContext | None] = ContextVar("connecting", default=None)


def current_owner() -> str:
    """Return the owner of the current request."""
    connecting = CONNECTION_CONTEXT.get()
    if connecting is None:
        raise RuntimeError("No request is under way.")
    return connecting.owner
