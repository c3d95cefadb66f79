"""What can go wrong with a request, as values with plain words; and what aiohttp's errors mean in them."""

import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, PayloadEncodingError
from yarl import URL

from tocsin.outbound.guard import BlockedAddress, DeniedPort, OwnService
from tocsin.outbound.parse_faults import explain_end, explain_refusal
from tocsin.outbound.tls import HUNG_UP_FOR_CERTIFICATE, explain_certificate, explain_tls, reason_of
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
    HOST_RATE = "HOST_RATE"
    PROTOCOL = "PROTOCOL"
    LOST = "LOST"
    CANCELLED = "CANCELLED"
    JOB = "JOB"
    BAD_PARAMS = "BAD_PARAMS"
    EXPRESSION = "EXPRESSION"
    MAIL = "MAIL"
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    COMPUTE_LIMIT = "COMPUTE_LIMIT"
    INTERNAL = "INTERNAL"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # no password


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """Why there is no complete answer: a sentence for the user, and what may help."""

    kind: ErrorKind
    message: str
    hint: str


_CONNECT_FAULTS = {
    errno.ECONNREFUSED: ("was refused", "Is the server running, and listening on this port?"),
    errno.EHOSTUNREACH: ("found no way to the host", "Is the address right, and reachable from here?"),
    errno.ENETUNREACH: ("found no way to the network", "Is the address right, and reachable from here?"),
    errno.ECONNRESET: (
        "was reset by the server",
        "The server, or a proxy before it, hung up. Its log may say why.",
    ),
}

_HANGING_UP = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


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


def own_service(where: str) -> HttpFailure:
    """The target is a part of this installation."""
    return HttpFailure(
        ErrorKind.BLOCKED_PORT,
        f"{where} may not be called: Tocsin itself listens there, or a server that it depends on.",
        "Use another port. The operator can let tasks call Tocsin's own server with TOCSIN_ALLOW_SELF_CALLS.",
    )


def too_often(url: URL) -> HttpFailure:
    """The owner's rate towards a target is used up, and more requests wait for it than may."""
    return HttpFailure(
        ErrorKind.HOST_RATE,
        f"{place(url)} is called more often by your runs than the server allows in a minute.",
        "Call it less often, or without the redirect that leads there. The operator sets TOCSIN_OWNER_HOST_RATE.",
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


def undecodable(what: str, url: URL) -> HttpFailure:
    """The answer has a content coding that is not known, or is not coded as it says; `what` is a predicate."""
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The answer of {place(url)} {what}.",
        "Tocsin asks for answers without a coding (Accept-Encoding: identity), and undoes gzip, deflate, br and zstd.",
    )


def several_locations(url: URL) -> HttpFailure:
    """A redirect leads to several URLs at once, which browsers do not follow either."""
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The redirect of {place(url)} has several Location headers that differ.",
        "The server, or a proxy before it, must send one.",
    )


def _connector_error(error: Any, url: URL) -> HttpFailure:
    cause = error.os_error
    if isinstance(cause, BlockedAddress):
        return blocked(cause.address, url.raw_host or "")
    if isinstance(cause, DeniedPort):
        return denied_port(cause.port)
    if isinstance(cause, OwnService):
        return own_service(place(url))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _dns(cause, url)
    if url.scheme == "https" and isinstance(cause, _HANGING_UP):
        return _hung_up("during the TLS handshake", url)
    if isinstance(cause, ssl.SSLError):
        return _tls(cause, url)
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
    if reason_of(cause) is not None:  # an alert of a server, after its handshake
        return _tls(cause, url)
    number = cause.errno or 0
    if not number:
        return _hung_up("before it answered", url)
    fallback = (f"failed: {os.strerror(number)}", "Is the server reachable from here?")
    what, hint = _CONNECT_FAULTS.get(number, fallback)
    return HttpFailure(ErrorKind.CONNECT, f"The connection to {place(url)} {what}.", hint)


def _no_connection(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.TIMEOUT,
        f"No connection to {place(url)} came about in time.",
        "Is the server reachable from here, with no firewall in the way? A longer connect timeout may help.",
    )


def _tls(error: BaseException, url: URL) -> HttpFailure:
    what, hint = explain_tls(error)
    return HttpFailure(ErrorKind.TLS, f"{place(url)} {what}.", hint)


def wants_certificate(url: URL) -> HttpFailure:
    """The server asked for a client certificate and hung up before it answered."""
    what, hint = HUNG_UP_FOR_CERTIFICATE
    return HttpFailure(ErrorKind.TLS, f"{place(url)} {what}.", hint)


def _certificate(error: aiohttp.ClientConnectorCertificateError, url: URL) -> HttpFailure:
    what, hint = explain_certificate(error.certificate_error)
    return HttpFailure(ErrorKind.TLS, f"The certificate of {place(url)} {what}.", hint)


def _disconnected(_: Exception, url: URL) -> HttpFailure:
    return _hung_up("before it answered", url)


def _hung_up(when: str, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.CONNECT,
        f"{place(url)} closed the connection {when}.",
        "The server, or a proxy before it, hung up. Its log may say why.",
    )


def _incomplete(error: Exception, url: URL) -> HttpFailure:
    cause = error.__cause__
    if isinstance(cause, HttpProcessingError) and not isinstance(cause, PayloadEncodingError):
        return _refused(cause.message, url)
    counted = explain_end(str(error))
    came = "" if counted is None else f": {counted} came"
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The answer of {place(url)} ended before it was complete{came}.",
        "The server, or a proxy before it, broke off. Its log may say why.",
    )


def _malformed(error: aiohttp.ClientResponseError, url: URL) -> HttpFailure:
    return _refused(error.message, url)


def _refused(text: str, url: URL) -> HttpFailure:
    what, hint = explain_refusal(text)
    return HttpFailure(ErrorKind.PROTOCOL, f"The answer of {place(url)} {what}.", hint)


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
