"""The failure that each error of aiohttp becomes, where no server of the other tests raises it."""

import errno
import socket
import ssl
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from tocsin.documents import ErrorKind
from tocsin.outbound.failures import HttpFailure, classify_error
from tocsin.outbound.guard import AddressBlocked, OwnServiceDenied, PortDenied

URL_ = URL("https://api.example/hook")
KEY = ConnectionKey("api.example", 443, True, True, None, None, None)


def connector_error(error: OSError) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, error)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EHOSTUNREACH, ErrorKind.CONNECT, "found no route to the host"),
        (errno.ENETUNREACH, ErrorKind.CONNECT, "found no route to the network"),
        (errno.ECONNREFUSED, ErrorKind.CONNECT, "was refused"),
        (errno.EMFILE, ErrorKind.CONNECT, "failed: Too many open files"),
        (errno.ETIMEDOUT, ErrorKind.TIMEOUT, "could be made in time"),
    ],
)
@pytest.mark.parametrize("wrap", [connector_error, lambda error: error], ids=["while connecting", "afterwards"])
def test_an_error_of_the_system_is_explained(
    number: int, kind: ErrorKind, words: str, wrap: Callable[[OSError], Exception]
) -> None:
    failure = classify_error(wrap(OSError(number, "")), URL_)
    assert failure.kind is kind
    assert words in failure.message
    assert "api.example:443" in failure.message


@pytest.mark.parametrize(
    ("number", "words"),
    [(socket.EAI_NONAME, "does not exist"), (socket.EAI_AGAIN, "could not be looked up")],
)
def test_a_name_that_does_not_exist_differs_from_a_dns_server_that_is_silent(number: int, words: str) -> None:
    failure = classify_error(aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(number, "")), URL_)
    assert (failure.kind, failure.message) == (ErrorKind.DNS, f"The host name api.example {words}.")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AddressBlocked("10.0.0.1"), HttpFailure.address_blocked("10.0.0.1", "api.example")),
        (PortDenied(25), HttpFailure.port_denied(25)),
        (OwnServiceDenied("127.0.0.1", 443), HttpFailure.own_service_denied("api.example:443")),
    ],
)
def test_what_the_guard_refuses_is_reported_as_such(error: OSError, expected: HttpFailure) -> None:
    assert classify_error(connector_error(error), URL_) == expected


def test_a_connection_that_ends_during_the_handshake_is_not_called_a_fault_of_tls() -> None:
    failure = classify_error(connector_error(ssl.SSLEOFError()), URL_)
    assert failure.kind is ErrorKind.CONNECT
    assert failure.message == "api.example:443 closed the connection during the TLS handshake."


def test_an_error_that_nobody_expected_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        classify_error(ZeroDivisionError(), URL_)


def test_an_address_is_named_with_the_host_that_led_to_it() -> None:
    direct, behind = (HttpFailure.address_blocked("10.0.0.1", host) for host in ("10.0.0.1", "a.example"))
    assert direct.message == "10.0.0.1 may not be called: it is not a public address."
    assert behind.message == "10.0.0.1, the address of a.example, may not be called: it is not a public address."
