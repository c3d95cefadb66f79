"""Outgoing requests with explicit headers only, so that the history can show all of them."""

from typing import Any

from aiohttp import ClientRequest, ClientResponse
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.hdrs import CONNECTION
from yarl import URL

from tocsin import __version__
from tocsin.outbound.guard import current_owner
from tocsin.outbound.protocol import StrictResponseHandler
from tocsin.outbound.redirects import Headers

PRODUCT = f"Tocsin/{__version__}"
_ACCEPTED: Headers = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
)
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})  # methods that send Content-Length: 0 without a body: RFC 9110, 8.6


class OutgoingRequest(ClientRequest):
    """A request without the Content-Type and Content-Length that aiohttp adds where there is no body."""

    GET_METHODS = ClientRequest.ALL_METHODS
    POST_METHODS: set[str] = set()

    @property
    def connection_key(self) -> ConnectionKey:
        """The key of the connections that may be reused: those of the same owner.

        The owner takes the place of a TLS name other than the host's, which Tocsin never sets.
        """
        return tuple.__new__(ConnectionKey, (*super().connection_key[:-1], current_owner()))

    async def send(self, conn: Connection) -> ClientResponse:
        """Send the request, and prepare the connection for its body."""
        protocol = conn.protocol
        if isinstance(protocol, StrictResponseHandler):
            protocol.has_request_body = bool(self._body)
            protocol.is_request_sent = not protocol.has_request_body
            if self.headers.get(CONNECTION) == "close":
                protocol.force_close()
        return await super().send(conn)

    async def write_bytes(self, writer: AbstractStreamWriter, conn: Connection, *args: Any, **kwargs: Any) -> None:
        """Send the body, and mark the request as sent."""
        protocol = conn.protocol
        await super().write_bytes(writer, conn, *args, **kwargs)
        if isinstance(protocol, StrictResponseHandler):
            protocol.is_request_sent = True


def connection_owner(key: ConnectionKey) -> str | None:
    """Return the owner of a connection with this key."""
    return key.server_hostname


def complete_headers(
    method: str, url: URL, headers: Headers, body: bytes | None, contact: str | None = None
) -> list[tuple[str, str]]:
    """Return all headers of a request in the order in which they are sent: `headers`, and the missing standard ones.

    `contact` is where the owner of a called host can complain; it is added to a user's own User-Agent as well.
    """
    agent = PRODUCT if contact is None else f"{PRODUCT} (+{contact})"
    sent = [("Host", url.host_port_subcomponent or ""), *headers]
    given = {name.lower() for name, _ in headers}
    if contact is not None and "user-agent" in given:
        sent = [(name, f"{value} {agent}".strip() if name.lower() == "user-agent" else value) for name, value in sent]
    sent += [header for header in (("User-Agent", agent), *_ACCEPTED) if header[0].lower() not in given]
    if body is not None or method in _WITH_CONTENT:
        sent.append(("Content-Length", str(len(body or b""))))
    if body and method not in _WITH_CONTENT:
        sent.append(("Connection", "close"))  # a server that ignores such a body would read it as the next request
    return sent
