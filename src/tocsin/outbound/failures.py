"""What can go wrong with a request, as values with plain words; and what aiohttp's errors mean in them."""

import errno
import os
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import aiohttp
from yarl import URL

from tocsin.outbound.guard import BlockedAddress, DeniedPort
from tocsin.outbound.urls import place


class ErrorKind(Enum):
    """Why an attempt failed."""

    TIMEOUT = "TIMEOUT"
    DNS = "DNS"
    CONNECT = "CONNECT"
    TLS = "TLS"
    HTTP_STATUS = "HTTP_STATUS"
    BLOCKED_ADDRESS = "BLOCKED_ADDRESS"
    BLOCKED_PORT = "BLOCKED_PORT"
    BAD_URL = "BAD_URL"
    TOO_MANY_REDIRECTS = "TOO_MANY_REDIRECTS"
    PROTOCOL = "PROTOCOL"
    LOST = "LOST"
    CANCELLED = "CANCELLED"
    JOB = "JOB"
    BAD_PARAMS = "BAD_PARAMS"
    EXPRESSION = "EXPRESSION"
    MAIL = "MAIL"
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    INTERNAL = "INTERNAL"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # no password


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """Why there is no complete answer: a sentence for the user, and what may help."""

    kind: ErrorKind
    message: str
    hint: str


_CERTIFICATE_FAULTS = {  # X509_V_ERR_* of OpenSSL
    9: ("is not valid yet", "Check the clocks of both machines and the certificate's dates."),
    10: ("has expired", "Renew the certificate of the server."),
    18: (
        "is self-signed",
        "Use a certificate from a known authority, or add this one to the system's trusted ones.",
    ),
    19: (
        "comes from an unknown authority",
        "Add the authority's root certificate to the system's trusted ones.",
    ),
    20: (
        "comes from an unknown authority",
        "Let the server send its intermediate certificates, or trust its authority.",
    ),
    62: ("is for another host name", "Call the server by a name that its certificate lists."),
    64: ("is not for this IP address", "Call the server by a name that its certificate lists."),
}
_QUOTED = re.compile(r"[\n:.'\"(]")
_CONNECT_FAULTS = {
    errno.ECONNREFUSED: ("was refused", "Is the server running, and listening on this port?"),
    errno.EHOSTUNREACH: ("found no way to the host", "Is the address right, and reachable from here?"),
    errno.ENETUNREACH: ("found no way to the network", "Is the address right, and reachable from here?"),
    errno.ECONNRESET: (
        "was reset by the server",
        "The server, or a proxy before it, hung up. Its log may say why.",
    ),
}


def failure_of(error: Exception, url: URL) -> HttpFailure:
    """What `error`, raised by aiohttp for a request to `url`, means. Raises it again when it is none of the
    known ones.
    """
    for types, explain in _EXPLANATIONS:
        if isinstance(error, types):
            return explain(error, url)
    raise error


def blocked(address: str, host: str) -> HttpFailure:
    """The target's address is one that Tocsin does not call."""
    name = address if address == host else f"{address}, the address of {host},"
    return HttpFailure(
        ErrorKind.BLOCKED_ADDRESS,
        f"{name} may not be called: it is not a public address.",
        "Use a public address. The operator can allow a network with TOCSIN_ALLOWED_NETWORKS.",
    )


def denied_port(port: int) -> HttpFailure:
    """The target's port is one that Tocsin does not call."""
    return HttpFailure(
        ErrorKind.BLOCKED_PORT,
        f"Port {port} may not be called: it is kept for services that do not speak HTTP.",
        "Use another port. The operator can allow a port with TOCSIN_DENIED_PORTS.",
    )


def bad_url(message: str) -> HttpFailure:
    """The URL, or where it redirected to, cannot be called."""
    return HttpFailure(ErrorKind.BAD_URL, message, "Use an absolute http:// or https:// URL.")


def timed_out(seconds: float, url: URL, doing: str) -> HttpFailure:
    """The time for the whole request ran out while `doing`."""
    return HttpFailure(
        ErrorKind.TIMEOUT,
        f"{place(url)} took longer than {seconds:g} s ({doing}).",
        "Make the server answer faster, or give the task a longer timeout.",
    )


def too_many_redirects(limit: int, url: URL) -> HttpFailure:
    """More redirects came in a row than are followed."""
    return HttpFailure(
        ErrorKind.TOO_MANY_REDIRECTS,
        f"More than {limit} redirects in a row, the last one from {place(url)}.",
        "Use the URL at the end of the redirects. If they go in a circle, the server's set-up is at fault.",
    )


def several_locations(url: URL) -> HttpFailure:
    """A redirect leads to several URLs at once, which browsers do not follow either."""
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The redirect of {place(url)} has several Location headers that differ.",
        "The server, or a proxy before it, must send one.",
    )


def _place(url: URL) -> str:
    return url.authority


def _connector_error(error: Any, url: URL) -> HttpFailure:
    cause = error.os_error
    if isinstance(cause, BlockedAddress):
        return blocked(cause.address, url.raw_host or "")
    if isinstance(cause, DeniedPort):
        return denied_port(cause.port)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _dns(cause, url)
    if isinstance(cause, ssl.SSLError):
        return _tls(error, url)
    return _connect(cause, url)


def _dns(cause: OSError, url: URL) -> HttpFailure:
    unknown = cause.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    why = "is not known" if unknown else "could not be looked up"
    hint = (
        "Check the spelling of the host name." if unknown else "The name service did not answer; it may be back soon."
    )
    return HttpFailure(ErrorKind.DNS, f"The host name {url.raw_host} {why}.", hint)


def _connect(cause: OSError, url: URL) -> HttpFailure:
    if cause.errno == errno.ETIMEDOUT:
        return _no_connection(cause, url)
    number = cause.errno or 0
    fallback = (f"failed: {os.strerror(number) if number else cause}", "Is the server reachable from here?")
    what, hint = _CONNECT_FAULTS.get(number, fallback)
    return HttpFailure(ErrorKind.CONNECT, f"The connection to {place(url)} {what}.", hint)


def _no_connection(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.TIMEOUT,
        f"No connection to {place(url)} came about in time.",
        "Is the server reachable from here, with no firewall in the way? A longer connect timeout may help.",
    )


def _tls(error: Any, url: URL) -> HttpFailure:
    reason = getattr(error, "reason", None) or "handshake failed"
    message = f"{place(url)} did not speak TLS as expected ({str(reason).replace('_', ' ').lower()})."
    return HttpFailure(ErrorKind.TLS, message, "Does this port speak https? If not, use http:// or the right port.")


def _certificate(error: aiohttp.ClientConnectorCertificateError, url: URL) -> HttpFailure:
    cause = error.certificate_error
    fallback = ("cannot be trusted", "Check the certificate of the server.")
    what, hint = _CERTIFICATE_FAULTS.get(getattr(cause, "verify_code", 0), fallback)
    detail = getattr(cause, "verify_message", "") or str(cause)
    return HttpFailure(ErrorKind.TLS, f"The certificate of {place(url)} {what} ({detail.rstrip('.')}).", hint)


def _disconnected(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.CONNECT,
        f"{place(url)} closed the connection before it answered.",
        "The server, or a proxy before it, hung up. Its log may say why.",
    )


def _incomplete(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The answer of {place(url)} ended before it was complete, or broke the rules of HTTP.",
        "The server, or a proxy before it, broke off. Its log may say why.",
    )


def _malformed(error: aiohttp.ClientResponseError, url: URL) -> HttpFailure:
    # The parser's words end where it quotes the answer: that is not ours to show, cut off and unmasked.
    detail = _QUOTED.split(error.message, maxsplit=1)[0].strip() or "malformed"
    message = f"The answer of {place(url)} is not valid HTTP ({detail})."
    return HttpFailure(
        ErrorKind.PROTOCOL, message, "Does this port speak HTTP? For https, begin the URL with https://."
    )


def _invalid_url(_: Exception, url: URL) -> HttpFailure:
    return bad_url(f"{url} cannot be called: its host is not a host name or a plain IP address.")


_EXPLANATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any, URL], HttpFailure]], ...] = (
    (aiohttp.ConnectionTimeoutError, _no_connection),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorError, _connector_error),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), _invalid_url),
    (aiohttp.ServerDisconnectedError, _disconnected),
    (aiohttp.ClientPayloadError, _incomplete),
    (aiohttp.ClientResponseError, _malformed),
    (aiohttp.ClientConnectionResetError, _disconnected),
    (OSError, _connect),
    (aiohttp.ClientError, _incomplete),
)
