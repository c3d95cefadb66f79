"""The ports of Tocsin, its database and its mail server cannot be called, whatever networks are allowed."""

import contextlib
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.outbound.servers import FixedResolver, Server, answering, get, kind, open_client, response
from tocsin.config import Settings
from tocsin.documents import ErrorKind
from tocsin.outbound.guard import ALL_NETWORKS
from tocsin.outbound.own_services import OwnServices

ALL = {"allowed_networks": ALL_NETWORKS, "denied_ports": ()}


def own_address() -> str | None:
    """Return an address of this machine that is not on the loopback interface. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return None


@pytest.fixture
async def service() -> AsyncIterator[Server]:
    """Run a server at every address of this machine."""
    async with answering(response(body=b"private"), hosts=["0.0.0.0"]) as server:
        yield server


SPELLINGS = [
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:0.0.0.0]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "localhost", "LOCALHOST.",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_this_machine_reaches_a_port_of_ours(service: Server, host: str) -> None:
    async with open_client(own=OwnServices([service.port]), **ALL) as client:
        exchange = await client.request(get(f"http://{host}:{service.port}/"))
    assert kind(exchange) in {ErrorKind.BLOCKED_PORT, ErrorKind.DNS}  # not every resolver knows each spelling
    assert service.connections == 0


async def test_the_reason_is_explained(service: Server) -> None:
    async with open_client(own=OwnServices([service.port]), **ALL) as client:
        exchange = await client.request(get(service.url))
    assert exchange.failure is not None
    assert exchange.failure.kind is ErrorKind.BLOCKED_PORT
    assert f"127.0.0.1:{service.port} may not be called: Tocsin itself listens there" in exchange.failure.message
    assert "TOCSIN_ALLOW_SELF_CALLS" in exchange.failure.hint


async def test_addresses_of_interfaces_are_ours_too(service: Server) -> None:
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    async with open_client(own=OwnServices([service.port]), **ALL) as client:
        assert kind(await client.request(get(f"http://{address}:{service.port}/"))) is ErrorKind.BLOCKED_PORT
        assert kind(await client.request(get(f"http://[::ffff:{address}]:{service.port}/"))) is ErrorKind.BLOCKED_PORT
    assert service.connections == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "0.0.0.0"])
async def test_no_name_leads_to_a_port_of_ours(service: Server, address: str) -> None:
    async with open_client(own=OwnServices([service.port]), resolver=FixedResolver(address), **ALL) as client:
        exchange = await client.request(get(f"http://innocent.example:{service.port}/"))
    assert kind(exchange) is ErrorKind.BLOCKED_PORT
    assert service.connections == 0


async def test_no_redirect_leads_to_a_port_of_ours(service: Server) -> None:
    target = f"http://127.0.0.1:{service.port}/"
    async with (
        answering(response("307 Go", b"", f"Location: {target}")) as server,
        open_client(own=OwnServices([service.port]), **ALL) as client,
    ):
        exchange = await client.request(get(server.url))
    assert (kind(exchange), exchange.redirects) == (ErrorKind.BLOCKED_PORT, 1)
    assert service.connections == 0


async def test_other_ports_of_this_machine_and_the_same_port_elsewhere_are_callable(service: Server) -> None:
    own = OwnServices([service.port + 1 if service.port < 65_535 else 1])
    async with open_client(own=own, **ALL) as client:
        assert (await client.request(get(service.url))).body == "private"
    assert not OwnServices([8000]).has_address("198.51.100.7", 8000)
    assert OwnServices([8000]).has_address("127.0.0.1", 8000)
    assert not OwnServices([8000]).has_address("127.0.0.1", 8001)


class Mapping(AbstractResolver):
    """A resolver with fixed names."""

    def __init__(self, **known: str) -> None:
        self.known = {name.replace("_", "."): address for name, address in known.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [ResolveResult(hostname=host, host=self.known[host], port=port, family=0, proto=0, flags=0)]

    async def close(self) -> None:
        pass


async def test_the_mail_server_is_called_by_none_of_its_addresses(service: Server) -> None:
    """The database is found by its name, which leads to an allowed address of this machine."""
    resolver = Mapping(mail_example="127.0.0.5", other_example="127.0.0.1")
    own = OwnServices.from_settings(Settings(_env_file=None, smtp_host="mail.example", smtp_port=service.port))
    async with open_client(own=own, resolver=resolver, **ALL) as client:
        for host in ("mail.example", "127.0.0.5", "other.example", "127.0.0.1", "[::1]"):
            exchange = await client.request(get(f"http://{host}:{service.port}/"))
            assert kind(exchange) is ErrorKind.BLOCKED_PORT, host
    assert service.connections == 0


async def test_another_server_with_the_mail_servers_port_is_callable(service: Server) -> None:
    own = OwnServices.from_settings(Settings(_env_file=None, smtp_host="mail.example", smtp_port=service.port))
    resolver = Mapping(mail_example="192.0.2.25")
    async with open_client(own=own, resolver=resolver, **ALL) as client:
        assert (await client.request(get(service.url))).body == "private"


async def test_while_the_mail_servers_name_is_not_known_its_port_is_closed(service: Server) -> None:
    own = OwnServices.from_settings(Settings(_env_file=None, smtp_host="mail.example", smtp_port=service.port))
    async with open_client(own=own, resolver=Mapping(), **ALL) as client:
        assert kind(await client.request(get(service.url))) is ErrorKind.BLOCKED_PORT


@pytest.mark.parametrize(
    ("given", "host", "port", "named"),
    [
        ({}, "127.0.0.1", 8000, True),
        ({}, "localhost", 8000, True),
        ({}, "a.localhost.", 8000, True),
        ({}, "[::1]", 8000, True),
        ({}, "0.0.0.0", 8000, True),
        ({}, "127.0.0.1", 8001, False),
        ({}, "api.example.com", 8000, False),
        ({"port": 0}, "127.0.0.1", 8000, False),
        ({"allow_self_calls": True}, "127.0.0.1", 8000, False),
        ({"allow_self_calls": True, "metrics_port": 9464}, "127.0.0.1", 9464, True),
        ({"smtp_host": "Mail.example", "smtp_port": 2525}, "mail.example.", 2525, True),
        ({"smtp_host": "mail.example", "smtp_port": 2525}, "mail.example", 80, False),
        ({"mongodb_uri": "mongodb://u:p@db.example:27100,b.example/?replicaSet=r"}, "db.example", 27100, True),
        ({"mongodb_uri": "mongodb://u:p@db.example:27100,b.example/?replicaSet=r"}, "b.example", 27017, True),
        ({"mongodb_uri": "mongodb+srv://db.example/"}, "db.example", 27017, False),
        ({"mongodb_uri": "nonsense"}, "db.example", 27017, False),
    ],
)
def test_what_the_settings_name_is_known(given: dict[str, Any], host: str, port: int, named: bool) -> None:
    assert OwnServices.from_settings(Settings(_env_file=None, **given)).has_host(host, port) is named


def test_a_network_that_is_allowed_opens_no_port_of_ours() -> None:
    own = OwnServices([8000])
    assert all(own.has_address(str(address), 8000) for address in ip_network("127.0.0.0/29"))
