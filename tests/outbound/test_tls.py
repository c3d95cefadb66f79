import contextlib
import datetime
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Server,
    Writer,
    answering,
    get,
    kind,
    open_client,
    response,
    talking,
)
from tocsin.documents import ErrorKind
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.http_client import OwnerHttpClient


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(cert: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_tls_with_a_trusted_certificate(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("good.example"))
    async with (
        answering(response(body=b"ok"), tls=tls) as server,
        open_client(ssl_context=trusting(authority), resolver=FixedResolver("127.0.0.1")) as client,
    ):
        exchange = await client.request(get(f"https://good.example:{server.port}/"))
    assert exchange.body == "ok"


async def tls_failure(client: OwnerHttpClient, server: Server, host: str = "127.0.0.1") -> str:
    exchange = await client.request(get(f"https://{host}:{server.port}/"))
    assert kind(exchange) is ErrorKind.TLS
    assert server.seen == []
    assert exchange.failure is not None
    return exchange.failure.message


async def test_an_untrusted_certificate_is_refused_by_default(client: OwnerHttpClient, authority: trustme.CA) -> None:
    async with answering(response(), tls=server_tls(authority.issue_cert("127.0.0.1"))) as server:
        assert "unknown authority" in await tls_failure(client, server)


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("other.example"))
    trust, resolver = trusting(authority), FixedResolver("127.0.0.1")
    async with (
        answering(response(), tls=tls) as server,
        open_client(ssl_context=trust, resolver=resolver) as client,
    ):
        assert "another host name" in await tls_failure(client, server, "good.example")
        assert "not for this IP address" in await tls_failure(client, server)


async def test_an_expired_certificate_is_refused(authority: trustme.CA) -> None:
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    tls = server_tls(authority.issue_cert("127.0.0.1", not_before=past, not_after=past + datetime.timedelta(days=1)))
    async with answering(response(), tls=tls) as server, open_client(ssl_context=trusting(authority)) as client:
        assert "has expired" in await tls_failure(client, server)


async def test_https_to_a_port_that_speaks_none(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with talking(talk) as server:
        assert "does not speak TLS" in await tls_failure(client, server)


# --- real handshakes, with a server in a thread: asyncio's sends no alerts ---


@contextlib.contextmanager
def blocking_server(tls: ssl.SSLContext) -> Iterator[int]:
    """Yield the port of a server that answers the first request of each connection with 200."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, tls), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, tls: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with contextlib.suppress(OSError), connection, tls.wrap_socket(connection, server_side=True) as secure:
                secure.settimeout(5)
                secure.recv(65_536)
                secure.sendall(response(body=b"ok"))


async def called(
    authority: trustme.CA,
    tls: ssl.SSLContext,
    host: str = "good.example",
    method: str = "GET",
    body: bytes | None = None,
) -> HttpExchange:
    with blocking_server(tls) as port:
        resolver = FixedResolver("127.0.0.1")
        async with open_client(ssl_context=trusting(authority), resolver=resolver) as client:
            return await client.request(HttpRequest(method, f"https://{host}:{port}/", 5.0, (), body))


def names_only_in_subject(
    authority: trustme.CA, folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> Path:
    """Return a certificate and its key for the common name good.example, without a subjectAltName."""
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    issuer_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "good.example")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(issuer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


@pytest.mark.parametrize("host", ["good.example", "127.0.0.1"])
async def test_a_common_name_is_no_host_name(authority: trustme.CA, tmp_path: Path, host: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(names_only_in_subject(authority, tmp_path, ec.generate_private_key(ec.SECP256R1())))
    exchange = await called(authority, tls, host)
    assert kind(exchange) is ErrorKind.TLS
    assert exchange.failure is not None
    assert "a common name (CN) is not used" in exchange.failure.message
    assert "subjectAltName" in exchange.failure.hint


async def test_a_weak_key_is_reported_as_such(authority: trustme.CA, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.load_cert_chain(names_only_in_subject(authority, tmp_path, rsa.generate_private_key(65_537, 1024)))
    exchange = await called(authority, tls)
    assert kind(exchange) is ErrorKind.TLS
    assert exchange.failure is not None
    assert "has a key that is too weak" in exchange.failure.message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", b"x"), ("POST", bytes(200_000))])
async def test_a_server_that_wants_a_client_certificate(
    authority: trustme.CA, version: ssl.TLSVersion, method: str, body: bytes | None
) -> None:
    tls = server_tls(authority.issue_cert("good.example"))
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.minimum_version = tls.maximum_version = version
    exchange = await called(authority, tls, method=method, body=body)
    assert kind(exchange) is ErrorKind.TLS
    assert exchange.failure is not None
    assert "requires a client certificate" in exchange.failure.message


async def test_a_client_certificate_that_is_not_required_is_not_missed(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("good.example"))
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_OPTIONAL
    exchange = await called(authority, tls)
    assert (exchange.failure, exchange.body) == (None, "ok")


def _old(tls: ssl.SSLContext) -> None:
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3


def _odd_ciphers(tls: ssl.SSLContext) -> None:
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("AES128-SHA")


def _alert(alert: ssl.AlertDescription) -> Callable[[ssl.SSLContext], None]:
    def refuse(*_: object) -> ssl.AlertDescription:
        return alert

    return lambda tls: setattr(tls, "sni_callback", refuse)


@pytest.mark.filterwarnings("ignore:ssl.OP_NO_")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_old, "does not support a version of TLS that Tocsin accepts"),
        (_odd_ciphers, "has no TLS settings in common with Tocsin"),
        (_alert(ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME), "does not know this host name"),
        (_alert(ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR), "as expected (alert internal error)"),
        (_alert(ssl.AlertDescription.ALERT_DESCRIPTION_ACCESS_DENIED), "as expected (alert access denied)"),
    ],
)
async def test_alerts_of_the_handshake_are_explained(
    authority: trustme.CA, change: Callable[[ssl.SSLContext], None], words: str
) -> None:
    tls = server_tls(authority.issue_cert("good.example"))
    change(tls)
    exchange = await called(authority, tls)
    assert kind(exchange) is ErrorKind.TLS
    assert exchange.failure is not None
    assert words in exchange.failure.message


@pytest.mark.parametrize("reset", [False, True])
async def test_a_server_that_hangs_up_in_the_handshake(client: OwnerHttpClient, reset: bool) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read(10)
        linger = struct.pack("ii", 1 if reset else 0, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with talking(talk) as server:
        exchange = await client.request(get(f"https://127.0.0.1:{server.port}/"))
    assert kind(exchange) is ErrorKind.CONNECT
    assert exchange.failure is not None
    assert exchange.failure.message.endswith(" closed the connection during the TLS handshake.")
