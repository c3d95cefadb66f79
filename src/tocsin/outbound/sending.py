"""The requests as they go out: all their headers are ours to name, so that the history can show them."""

from aiohttp import ClientRequest
from yarl import URL

from tocsin import __version__
from tocsin.outbound.redirects import Headers

STANDARD_HEADERS: Headers = (
    ("User-Agent", f"Tocsin/{__version__}"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
)
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})  # methods whose requests say that they have none: RFC 9110, 8.6


class OutgoingRequest(ClientRequest):
    """A request to which aiohttp adds no Content-Type or Content-Length where there is no body."""

    GET_METHODS = ClientRequest.ALL_METHODS
    POST_METHODS: set[str] = set()


def complete_headers(method: str, url: URL, headers: Headers, body: bytes | None) -> list[tuple[str, str]]:
    """All headers of a request in the order in which they are sent: `headers`, and what they leave out."""
    given = {name.lower() for name, _ in headers}
    sent = [("Host", url.host_port_subcomponent or ""), *headers]
    sent += [header for header in STANDARD_HEADERS if header[0].lower() not in given]
    if body is not None or method in _WITH_CONTENT:
        sent.append(("Content-Length", str(len(body or b""))))
    return sent
