from collections.abc import AsyncIterator

import pytest

from tests.outbound.servers import FixedResolver, answering, get, kind, open_client, response
from tocsin.documents import ErrorKind
from tocsin.outbound.http_client import OwnerHttpClient


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


LITERALS = [
    "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "0.0.0.0",
    "10.0.0.1", "169.254.169.254", "100.100.100.200", "224.0.0.1", "[fe80::1]", "[fd00:ec2::254]", "localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", LITERALS)
async def test_addresses_that_are_not_public_are_not_connected_to(host: str) -> None:
    async with answering(response()) as server, open_client(allowed_networks=()) as client:
        exchange = await client.request(get(f"http://{host}:{server.port}/"))
    assert kind(exchange) is ErrorKind.BLOCKED_ADDRESS
    assert server.connections == 0


async def test_a_name_that_leads_to_a_private_address_is_blocked() -> None:
    async with open_client(resolver=FixedResolver("10.1.2.3", "::1")) as client:
        exchange = await client.request(get("http://rebound.example/"))
    assert kind(exchange) is ErrorKind.BLOCKED_ADDRESS
    assert exchange.failure is not None
    assert "10.1.2.3, the address of rebound.example," in exchange.failure.message


async def test_of_a_names_addresses_only_the_allowed_ones_are_called() -> None:
    resolver = FixedResolver("10.1.2.3", "127.0.0.1")
    async with answering(response(body=b"ok")) as server, open_client(resolver=resolver) as client:
        exchange = await client.request(get(f"http://mixed.example:{server.port}/"))
    assert exchange.body == "ok"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://169.254.169.254/latest/meta-data/", ErrorKind.BLOCKED_ADDRESS),
        ("http://[::ffff:10.0.0.1]/", ErrorKind.BLOCKED_ADDRESS),
        ("//10.0.0.1/", ErrorKind.BLOCKED_ADDRESS),
        ("ftp://files.example/", ErrorKind.BAD_URL),
        ("file:///etc/passwd", ErrorKind.BAD_URL),
        ("http://host:99999/", ErrorKind.BAD_URL),
    ],
)
async def test_every_redirect_is_guarded(client: OwnerHttpClient, target: str, expected: ErrorKind) -> None:
    async with answering(response("302 Found", b"", f"Location: {target}")) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is expected


@pytest.mark.parametrize("url", ["ftp://a.example/", "http:///x", "a.example", "http://a b/", "http://a:0/", ""])
async def test_urls_that_cannot_be_called(client: OwnerHttpClient, url: str) -> None:
    assert kind(await client.request(get(url))) is ErrorKind.BAD_URL
