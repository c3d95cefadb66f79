import datetime
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Server,
    Writer,
    answering,
    get,
    kind,
    open_door,
    response,
    talking,
)
from tocsin.outbound.failures import ErrorKind
from tocsin.outbound.http import HttpDoor


@pytest.fixture
async def door() -> AsyncIterator[HttpDoor]:
    async with open_door() as opened:
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
        open_door(ssl_context=trusting(authority), resolver=FixedResolver("127.0.0.1")) as door,
    ):
        exchange = await door.request(get(f"https://good.example:{server.port}/"))
    assert exchange.body == "ok"


async def tls_failure(door: HttpDoor, server: Server, host: str = "127.0.0.1") -> str:
    exchange = await door.request(get(f"https://{host}:{server.port}/"))
    assert kind(exchange) is ErrorKind.TLS
    assert server.seen == []
    assert exchange.failure is not None
    return exchange.failure.message


async def test_an_untrusted_certificate_is_refused_by_default(door: HttpDoor, authority: trustme.CA) -> None:
    async with answering(response(), tls=server_tls(authority.issue_cert("127.0.0.1"))) as server:
        assert "unknown authority" in await tls_failure(door, server)


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("other.example"))
    trust, resolver = trusting(authority), FixedResolver("127.0.0.1")
    async with (
        answering(response(), tls=tls) as server,
        open_door(ssl_context=trust, resolver=resolver) as door,
    ):
        assert "another host name" in await tls_failure(door, server, "good.example")
        assert "not for this IP address" in await tls_failure(door, server)


async def test_an_expired_certificate_is_refused(authority: trustme.CA) -> None:
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    tls = server_tls(authority.issue_cert("127.0.0.1", not_before=past, not_after=past + datetime.timedelta(days=1)))
    async with answering(response(), tls=tls) as server, open_door(ssl_context=trusting(authority)) as door:
        assert "has expired" in await tls_failure(door, server)


async def test_https_to_a_port_that_speaks_none(door: HttpDoor) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with talking(talk) as server:
        assert "did not speak TLS" in await tls_failure(door, server)
