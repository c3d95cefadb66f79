"""Attacks by DNS answers, ports and environment variables."""

import socket
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp.abc import ResolveResult

from tests.outbound.hostile import PRIVATE, PUBLIC, Answering, Shifting, stage
from tests.outbound.servers import answering, get, kind, open_client, response
from tests.outbound.test_tls import server_tls, trusting
from tocsin.documents import ErrorKind
from tocsin.outbound import resolvers

CLOSING = "Connection: close"

# --- answers of the DNS ---

PRIVATE_ANSWERS = [
    [PRIVATE], ["::1"], ["0.0.0.0"], ["::"], ["::ffff:127.0.0.2"], ["::ffff:7f00:2"], ["::127.0.0.2"],
    ["64:ff9b::7f00:2"], ["64:ff9b:1::7f00:2"], ["2002:7f00:2::"], ["fe80::1%lo"], ["10.0.0.1"], ["169.254.169.254"],
    ["fd00:ec2::254"], [PRIVATE, "::1", "10.0.0.1"],
    # No resolver should answer like this, but a socket must not connect to its interpretation.
    ["localhost"], ["127.2"], ["0x7f000002"], ["2130706434"], ["127.0.0.2 "], ["127.0.0.1\x00"], [""],
]  # fmt: skip


@pytest.mark.parametrize("addresses", PRIVATE_ANSWERS)
async def test_a_name_that_leads_to_a_private_address_is_not_called(addresses: list[str]) -> None:
    async with stage(resolver=Answering(addresses)) as theatre:
        assert await theatre.refused("http://good.example:PORT/") is ErrorKind.BLOCKED_ADDRESS
        assert theatre.asked == ["good.example"]


@pytest.mark.parametrize("addresses", [["127.0.0.1", PRIVATE], [PRIVATE, "127.0.0.1"], ["::1", "127.0.0.1"]])
async def test_of_a_mixed_answer_only_what_is_public_is_called(addresses: list[str]) -> None:
    async with stage(resolver=Answering(addresses)) as theatre:
        exchange = await theatre.call("http://good.example:PORT/")
    assert exchange.body == "public"
    assert theatre.protected.connections == 0


async def test_of_a_mixed_answer_nothing_private_is_tried_when_the_public_server_is_away() -> None:
    async with (
        answering(response(), hosts=[PRIVATE]) as protected,
        open_client(allowed_networks=PUBLIC, resolver=Answering(["127.0.0.1", PRIVATE])) as client,
    ):
        exchange = await client.request(get(f"http://good.example:{protected.port}/"))
    assert kind(exchange) is ErrorKind.CONNECT
    assert protected.connections == 0


async def test_a_name_that_was_public_when_it_was_first_asked_is_judged_again() -> None:
    again = response("302 Found", b"", "Location: http://second.example:PORT/", CLOSING)
    async with stage(resolver=Answering(["127.0.0.1"], [PRIVATE])) as theatre:
        theatre.public.answers = (again.replace(b"PORT", str(theatre.public.port).encode()),)
        exchange = await theatre.call("http://first.example:PORT/")
    assert kind(exchange) is ErrorKind.BLOCKED_ADDRESS
    assert theatre.asked == ["first.example", "second.example"]
    assert theatre.protected.connections == 0


async def test_the_same_name_is_judged_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolvers, "CACHE_SECONDS", 0.0)
    async with (
        stage(response("200 OK", b"public", CLOSING), resolver=Answering(["127.0.0.1"], [PRIVATE])) as theatre,
        open_client(allowed_networks=PUBLIC, resolver=theatre.resolver) as client,
    ):
        url = f"http://rebound.example:{theatre.public.port}/"
        first = await client.request(get(url))
        second = await client.request(get(url))
        assert theatre.protected.connections == 0
    assert (first.body, kind(second)) == ("public", ErrorKind.BLOCKED_ADDRESS)


class Shifty(Answering):
    """A resolver whose answers change between check and connection."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        shifting: Any = Shifting("127.0.0.1", PRIVATE, host, port)
        return [shifting]


async def test_an_answer_that_changes_between_check_and_connect_gains_nothing() -> None:
    async with stage(resolver=Shifty()) as theatre:
        assert await theatre.refused("http://rebound.example:PORT/") is ErrorKind.BLOCKED_ADDRESS
        assert theatre.asked == ["rebound.example"]


# --- ports ---


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:PORT/", "http://good.example:PORT/", "http://good.example.:PORT/",
        "http://127.0.0.1:0PORT/", "http://127。0。0。1:PORT/", "https://127.0.0.1:PORT/",
    ],
)  # fmt: skip
async def test_a_denied_port_is_not_connected_to(url: str) -> None:
    async with stage(resolver=Answering(["127.0.0.1"])) as theatre:
        theatre.client_options["denied_ports"] = {theatre.public.port}
        exchange = await theatre.call(url)
        assert theatre.public.connections == 0
        assert theatre.asked == []
    assert kind(exchange) is ErrorKind.BLOCKED_PORT
    assert exchange.failure is not None
    assert exchange.failure.message.startswith(f"Port {theatre.public.port} may not be called")


async def test_the_default_port_of_a_scheme_can_be_denied() -> None:
    async with open_client(denied_ports={80, 443}, resolver=Answering(["127.0.0.1"])) as client:
        for url in ("http://good.example/", "https://good.example/", "http://127.0.0.1/"):
            assert kind(await client.request(get(url))) is ErrorKind.BLOCKED_PORT


@pytest.mark.parametrize("target", ["http://127.0.0.1", "http://good.example", "//good.example", "https://127.0.0.1"])
async def test_a_redirect_to_a_denied_port_is_not_followed(target: str) -> None:
    async with (
        answering(response()) as denied,
        answering(response("307 Away", b"", f"Location: {target}:{denied.port}/")) as server,
        open_client(denied_ports={denied.port}, resolver=Answering(["127.0.0.1"])) as client,
    ):
        exchange = await client.request(get(server.url))
        assert denied.connections == 0
    assert (kind(exchange), exchange.redirects) == (ErrorKind.BLOCKED_PORT, 1)


class Porter(Answering):
    """A resolver that returns another port."""

    def __init__(self, port: int) -> None:
        super().__init__(["127.0.0.1"])
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return await super().resolve(host, self._port, family)


async def test_the_port_that_is_judged_is_the_one_that_is_connected_to() -> None:
    async with (
        answering(response()) as denied,
        open_client(denied_ports={denied.port}, resolver=Porter(denied.port)) as client,
    ):
        exchange = await client.request(get("http://good.example/"))
        assert denied.connections == 0
    assert kind(exchange) is ErrorKind.BLOCKED_PORT


# --- the environment ---

PROXIES = [
    name
    for scheme in ("http", "https", "all", "ws", "ftp")
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
]  # fmt: skip


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    tls = server_tls(authority.issue_cert("good.example"))
    async with (
        answering(response(body=b"proxy")) as proxy,
        answering(response(body=b"public")) as plain,
        answering(response(body=b"secure"), tls=tls) as secure,
    ):
        for name in PROXIES:
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        async with open_client(ssl_context=trusting(authority), resolver=Answering(["127.0.0.1"])) as client:
            urls = [plain.url, f"http://good.example:{plain.port}/", f"https://good.example:{secure.port}/"]
            bodies = [(await client.request(get(url))).body for url in urls]
        assert proxy.connections == 0
    assert bodies == ["public", "public", "secure"]


async def test_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login root password s3cret\nmachine 127.0.0.1 login root password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    async with answering(response()) as server, open_client() as client:
        await client.request(get(server.url))
    assert b"authorization" not in server.seen[0].lower()
