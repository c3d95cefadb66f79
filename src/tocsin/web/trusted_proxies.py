"""The client's address behind a reverse proxy. Forwarding headers count only from proxies that the operator trusts."""

from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.config import IPNetwork

IpAddress = IPv4Address | IPv6Address


class TrustedProxiesMiddleware:
    """Middleware that sets the client's real address and scheme in the scope."""

    def __init__(self, app: ASGIApp, trusted: Collection[IPNetwork]) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        if self._trusted and scope["type"] in {"http", "websocket"} and scope.get("client"):
            self._set_client(scope)
        await self._app(scope, receive, send)

    def _set_client(self, scope: Scope) -> None:
        peer = parse_ip_address(scope["client"][0])
        if peer is None or not self._trusts(peer):
            return
        headers = Headers(scope=scope)
        scope["client"] = (str(self._find_client(peer, headers.getlist("x-forwarded-for"))), 0)
        proto = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
        if proto in {"http", "https"}:
            scope["scheme"] = proto if scope["type"] == "http" else proto.replace("http", "ws")

    def _find_client(self, peer: IpAddress, forwarded: list[str]) -> IpAddress:
        """Return the last address in the chain that is not a trusted proxy.

        Each proxy appends the address of its peer. Addresses further left come from the client and prove nothing.
        """
        for text in reversed(",".join(forwarded).split(",")):
            before = parse_ip_address(text)
            if before is None:
                break
            peer = before
            if not self._trusts(peer):
                break
        return peer

    def _trusts(self, address: IpAddress) -> bool:
        return any(address in network for network in self._trusted)


def network_matcher(trusted: Collection[IPNetwork]) -> Callable[[str], bool]:
    """Return a function that tells whether an address, as text, is in one of these networks."""

    def is_trusted(text: str) -> bool:
        address = parse_ip_address(text)
        return address is not None and any(address in network for network in trusted)

    return is_trusted


def parse_ip_address(text: str) -> IpAddress | None:
    """Parse an IP address with or without a port; None for anything else. IPv4-mapped IPv6 becomes IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
