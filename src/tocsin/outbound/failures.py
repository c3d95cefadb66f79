"""Failures of HTTP requests as values with messages for users, and their mapping from aiohttp's errors."""

import errno
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, PayloadEncodingError
from yarl import URL

from tocsin.documents import ErrorKind
from tocsin.outbound.guard import AddressBlocked, OwnServiceDenied, PortDenied
from tocsin.outbound.parse_errors import describe_received_length, explain_parse_error
from tocsin.outbound.tls import (
    CLOSED_FOR_CERTIFICATE,
    explain_certificate_error,
    explain_tls_error,
    find_openssl_reason,
)
from tocsin.outbound.urls import display_authority


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """The reason why there is no complete response, as a sentence for the user, with a hint at what may help."""

    kind: ErrorKind
    message: str
    hint: str

    @classmethod
    def address_blocked(cls, address: str, host: str) -> "HttpFailure":
        """Report a target whose address may not be called."""
        name = address if address == host else f"{address}, the address of {host},"
        return cls(
            ErrorKind.BLOCKED_ADDRESS,
            f"{name} may not be called: it is not a public address.",
            "Use a public address. The operator can allow a network with TOCSIN_ALLOWED_NETWORKS.",
        )

    @classmethod
    def port_denied(cls, port: int) -> "HttpFailure":
        """Report a target whose port may not be called."""
        return cls(
            ErrorKind.BLOCKED_PORT,
            f"Port {port} may not be called: it is reserved for services that do not speak HTTP.",
            "Use another port. The operator can allow a port with TOCSIN_DENIED_PORTS.",
        )

    @classmethod
    def own_service_denied(cls, where: str) -> "HttpFailure":
        """Report a target that is part of this installation."""
        return cls(
            ErrorKind.BLOCKED_PORT,
            f"{where} may not be called: Tocsin itself listens there, or a server that it depends on.",
            "Use another port. The operator can let tasks call Tocsin's own server with TOCSIN_ALLOW_SELF_CALLS.",
        )

    @classmethod
    def host_rate_exceeded(cls, url: URL) -> "HttpFailure":
        """Report a target that the owner calls more often than their rate allows."""
        return cls(
            ErrorKind.HOST_RATE,
            f"Your runs call {display_authority(url)} more often per minute than this server allows.",
            "Call it less often, or without the redirect that leads there. The operator sets TOCSIN_OWNER_HOST_RATE.",
        )

    @classmethod
    def url_invalid(cls, message: str) -> "HttpFailure":
        """Report a URL, or the target of a redirect, that cannot be called."""
        return cls(ErrorKind.BAD_URL, message, "Use an absolute http:// or https:// URL.")

    @classmethod
    def secret_refused(cls, name: str, hosts: Sequence[str], url: URL) -> "HttpFailure":
        """Report a target that a named secret of the request may not be sent to."""
        return cls(
            ErrorKind.SECRET_HOST,
            f"The secret {name} may not be sent to {display_authority(url)}, only to {', '.join(hosts)}. "
            "Nothing was sent there.",
            "Correct the URL, or set the secret again with this host among its allowed hosts.",
        )

    @classmethod
    def secret_downgraded(cls, url: URL) -> "HttpFailure":
        """Report a redirect from https to http of a request with a named secret."""
        return cls(
            ErrorKind.SECRET_HOST,
            f"The redirect to {display_authority(url)} leaves https, so the secrets of the request may not follow it.",
            "Use the https URL that the server should redirect to.",
        )

    @classmethod
    def timed_out(cls, seconds: float, url: URL, doing: str) -> "HttpFailure":
        """Report that the time for the whole request ran out while `doing`."""
        return cls(
            ErrorKind.TIMEOUT,
            f"{display_authority(url)} took longer than {seconds:g} s ({doing}).",
            "Make the server answer faster, or give the task a longer timeout.",
        )

    @classmethod
    def too_many_redirects(cls, limit: int, url: URL) -> "HttpFailure":
        """Report more redirects than are followed."""
        return cls(
            ErrorKind.TOO_MANY_REDIRECTS,
            f"More than {limit} redirects in a row, the last one from {display_authority(url)}.",
            "Use the URL at the end of the redirects. If they form a loop, fix the server's configuration.",
        )

    @classmethod
    def decoding_failed(cls, what: str, url: URL) -> "HttpFailure":
        """Report a response that cannot be decoded; `what` is a predicate."""
        return cls(
            ErrorKind.PROTOCOL,
            f"The response from {display_authority(url)} {what}.",
            "Tocsin asks for unencoded responses (Accept-Encoding: identity), and decodes gzip, deflate, br and zstd.",
        )

    @classmethod
    def locations_conflict(cls, url: URL) -> "HttpFailure":
        """Report a redirect to several URLs at once, which browsers do not follow either."""
        return cls(
            ErrorKind.PROTOCOL,
            f"The redirect from {display_authority(url)} has several different Location headers.",
            "The server, or a proxy in front of it, must send exactly one.",
        )

    @classmethod
    def client_certificate_required(cls, url: URL) -> "HttpFailure":
        """Report a server that asked for a client certificate and closed the connection without a response."""
        what, hint = CLOSED_FOR_CERTIFICATE
        return cls(ErrorKind.TLS, f"{display_authority(url)} {what}.", hint)


_CONNECT_FAULTS = {
    errno.ECONNREFUSED: ("was refused", "Is the server running, and listening on this port?"),
    errno.EHOSTUNREACH: ("found no route to the host", "Is the address right, and reachable from here?"),
    errno.ENETUNREACH: ("found no route to the network", "Is the address right, and reachable from here?"),
    errno.ECONNRESET: (
        "was reset by the server",
        "The server, or a proxy in front of it, closed the connection. Its log may say why.",
    ),
}

_HANGING_UP = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def classify_error(error: Exception, url: URL) -> HttpFailure:
    """Translate `error`, which aiohttp raised for a request to `url`. Raises an unknown error again."""
    for types, explain in _EXPLANATIONS:
        if isinstance(error, types):
            return explain(error, url)
    raise error


def _connector_error(error: Any, url: URL) -> HttpFailure:
    cause = error.os_error
    if isinstance(cause, AddressBlocked):
        return HttpFailure.address_blocked(cause.address, url.raw_host or "")
    if isinstance(cause, PortDenied):
        return HttpFailure.port_denied(cause.port)
    if isinstance(cause, OwnServiceDenied):
        return HttpFailure.own_service_denied(display_authority(url))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _dns(cause, url)
    if url.scheme == "https" and isinstance(cause, _HANGING_UP):
        return _hung_up("during the TLS handshake", url)
    if isinstance(cause, ssl.SSLError):
        return _tls(cause, url)
    return _connect(cause, url)


def _dns(cause: OSError, url: URL) -> HttpFailure:
    unknown = cause.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    why = "does not exist" if unknown else "could not be looked up"
    hint = "Check the spelling of the host name." if unknown else "The DNS server did not answer. It may be back soon."
    return HttpFailure(ErrorKind.DNS, f"The host name {url.raw_host} {why}.", hint)


def _connect(cause: OSError, url: URL) -> HttpFailure:
    if cause.errno == errno.ETIMEDOUT:
        return _no_connection(cause, url)
    if find_openssl_reason(cause) is not None:  # an alert that the server sent after the handshake
        return _tls(cause, url)
    number = cause.errno or 0
    if not number:
        return _hung_up("before it responded", url)
    fallback = (f"failed: {os.strerror(number)}", "Is the server reachable from here?")
    what, hint = _CONNECT_FAULTS.get(number, fallback)
    return HttpFailure(ErrorKind.CONNECT, f"The connection to {display_authority(url)} {what}.", hint)


def _no_connection(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.TIMEOUT,
        f"No connection to {display_authority(url)} could be made in time.",
        "Is the server reachable from here, without a firewall in between? A longer connect timeout may help.",
    )


def _tls(error: BaseException, url: URL) -> HttpFailure:
    what, hint = explain_tls_error(error)
    return HttpFailure(ErrorKind.TLS, f"{display_authority(url)} {what}.", hint)


def _certificate(error: aiohttp.ClientConnectorCertificateError, url: URL) -> HttpFailure:
    what, hint = explain_certificate_error(error.certificate_error)
    return HttpFailure(ErrorKind.TLS, f"The certificate of {display_authority(url)} {what}.", hint)


def _disconnected(_: Exception, url: URL) -> HttpFailure:
    return _hung_up("before it responded", url)


def _hung_up(when: str, url: URL) -> HttpFailure:
    return HttpFailure(
        ErrorKind.CONNECT,
        f"{display_authority(url)} closed the connection {when}.",
        "The server, or a proxy in front of it, closed the connection. Its log may say why.",
    )


def _incomplete(error: Exception, url: URL) -> HttpFailure:
    cause = error.__cause__
    if isinstance(cause, HttpProcessingError) and not isinstance(cause, PayloadEncodingError):
        return _refused(cause.message, url)
    counted = describe_received_length(str(error))
    came = "" if counted is None else f": {counted} were received"
    return HttpFailure(
        ErrorKind.PROTOCOL,
        f"The response from {display_authority(url)} ended before it was complete{came}.",
        "The server, or a proxy in front of it, broke off. Its log may say why.",
    )


def _malformed(error: HttpProcessingError, url: URL) -> HttpFailure:
    return _refused(error.message, url)


def _refused(text: str, url: URL) -> HttpFailure:
    what, hint = explain_parse_error(text)
    return HttpFailure(ErrorKind.PROTOCOL, f"The response from {display_authority(url)} {what}.", hint)


def _invalid_url(_: Exception, url: URL) -> HttpFailure:
    return HttpFailure.url_invalid(f"{url} cannot be called: its host is neither a host name nor a plain IP address.")


_EXPLANATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any, URL], HttpFailure]], ...] = (
    (aiohttp.ConnectionTimeoutError, _no_connection),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorError, _connector_error),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), _invalid_url),
    (aiohttp.ServerDisconnectedError, _disconnected),
    (aiohttp.ClientPayloadError, _incomplete),
    (HttpProcessingError, _malformed),
    (aiohttp.ClientConnectionResetError, _disconnected),
    (OSError, _connect),
    (aiohttp.ClientError, _incomplete),
)
