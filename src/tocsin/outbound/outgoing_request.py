"""Outgoing requests with explicit headers only, so that the history can show all of them."""

from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from tocsin import __version__
from tocsin.outbound.redirects import CONTROL_CHARACTER, Headers

PRODUCT = f"Tocsin/{__version__}"
_ACCEPTED: Headers = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
)
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})  # methods that send Content-Length: 0 without a body: RFC 9110, 8.6


class Destination:
    """The scheme, host and port of a request, with its owner: the part of an aiohttp `ClientRequest` that a connector
    reads. A whole one prepares cookies, proxies, compression and uploads that Tocsin never uses.
    """

    ssl = True  # the connector's context
    proxy = None
    server_hostname = None  # other than the host's

    def __init__(self, url: URL, owner: str) -> None:
        self.url = url
        self.port = url.port
        self.owner = owner

    @property
    def connection_key(self) -> ConnectionKey:
        """The key of the connections that may be reused: those of the same owner.

        The owner takes the place of a TLS name other than the host's, which Tocsin never sets.
        """
        host = self.url.raw_host or ""
        return ConnectionKey(host, self.port, self.is_ssl(), self.ssl, None, None, None, self.owner)

    def is_ssl(self) -> bool:
        """Tell whether the connection uses TLS."""
        return self.url.scheme == "https"


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
    if closes_connection(method, body):
        sent.append(("Connection", "close"))
    return sent


def closes_connection(method: str, body: bytes | None) -> bool:
    """Tell whether a server may ignore the body of a request, and so read it as the next one."""
    return bool(body) and method not in _WITH_CONTENT


def serialize_request(method: str, url: URL, headers: Headers, body: bytes | None) -> bytes:
    """Return the bytes of a request (RFC 9112 section 2.1). Raises ValueError for control characters in its head."""
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", *[f"{name}: {value}" for name, value in headers]]
    text = "".join(lines)
    if not text.isprintable() and CONTROL_CHARACTER.search(text):
        raise ValueError("A header contains a control character.")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
