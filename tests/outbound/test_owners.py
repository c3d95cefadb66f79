"""Requests of one owner leave nothing behind for another: no bytes, no connection, no name."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator

import pytest
import trustme
from aiohttp.abc import ResolveResult

from tests.harness import wait_until
from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Server,
    Writer,
    answering,
    get,
    open_shared_client,
    read_request,
    response,
    talking,
)
from tests.outbound.test_protocol import CHUNKED
from tocsin.outbound import resolvers
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.protocol import StrictResponseHandler

OK = response(body=b"ok")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_shared_client() as opened:
        yield opened


@contextlib.asynccontextmanager
async def ignoring_bodies() -> AsyncIterator[Server]:
    """Run a server that reads the bytes after a head as the next request, even if the head announces a body."""
    seen: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
            await writer.drain()

    async with talking(talk) as server:
        server.seen = seen
        yield server


SMUGGLED = b"GET /stolen HTTP/1.1\r\nHost: a\r\nX-Rest: "


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_that_a_server_ignores_is_never_the_beginning_of_anothers_request(
    client: HttpClient, method: str
) -> None:
    async with ignoring_bodies() as server:
        await client.request(HttpRequest(method, server.url, 5.0, (), SMUGGLED), "mallory")
        exchange = await client.request(get(server.url, headers=[("Authorization", "Bearer mine")]), "alice")
    assert exchange.status == 200
    theirs = next(seen for seen in server.seen if b"Bearer mine" in seen)
    assert theirs.startswith(b"GET / HTTP/1.1\r\n")
    assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "REPORT"])
async def test_a_connection_is_closed_after_a_body_that_servers_may_ignore(client: HttpClient, method: str) -> None:
    async with ignoring_bodies() as server:
        for body in (SMUGGLED, None):
            await client.request(HttpRequest(method, server.url, 5.0, (), body), "alice")
    assert server.connections == 2
    assert b"\r\nConnection: close\r\n" in server.seen[0]
    assert b"\r\nConnection:" not in server.seen[-1]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_that_belongs_to_its_method_closes_nothing(client: HttpClient, method: str) -> None:
    async with answering(OK) as server:
        for _ in range(2):
            await client.request(HttpRequest(method, server.url, 5.0, (), b"a body"), "alice")
    assert server.connections == 1


async def test_owners_share_no_connection(client: HttpClient) -> None:
    async with answering(OK) as server:
        for owner in ("alice", "bob", "alice", "bob", "alice "):
            await client.request(get(server.url), owner)
    assert server.connections == 3


async def test_a_redirect_is_followed_on_the_owners_own_connections(client: HttpClient) -> None:
    async with answering(OK) as aim, answering(response("307 Go", b"", f"Location: {aim.url}")) as server:
        for owner in ("alice", "bob", "alice"):
            assert (await client.request(get(server.url), owner)).body == "ok"
    assert (server.connections, aim.connections) == (2, 2)


DOUBTFUL = [
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n" + OK,
    b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" + OK,
    CHUNKED + b"2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
    CHUNKED + b"2\r\nok\r\n000\r\n\r\n",
    CHUNKED + b"2\r\nok\r\n0;x=1\r\n\r\n",
    CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n",
]
CERTAIN = [
    OK,
    CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    CHUNKED.replace(b"chunked", b"Chunked") + b"0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
]


@pytest.mark.parametrize("bytewise", [False, True], ids=["one packet", "byte by byte"])
@pytest.mark.parametrize(
    ("answer", "connections"), [*((each, 2) for each in DOUBTFUL), *((each, 1) for each in CERTAIN)]
)
async def test_a_connection_is_used_again_only_after_an_end_beyond_doubt(
    client: HttpClient, answer: bytes, connections: int, bytewise: bool
) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            for piece in [answer[at : at + 1] for at in range(len(answer))] if bytewise else [answer]:
                writer.write(piece)
                await asyncio.sleep(0)

    async with talking(talk) as server:
        for _ in range(2):
            await client.request(HttpRequest("POST", server.url, 5.0), "alice")
    assert server.connections == connections


async def test_an_answer_that_comes_before_the_request_was_sent_closes_the_connection(client: HttpClient) -> None:
    """The server reads the rest of the body afterwards, and would take another request."""

    async def talk(reader: Reader, writer: Writer) -> None:
        narrow = writer.get_extra_info("socket")
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the kernel must not accept it all at once
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readexactly(1_000_000 if head.startswith(b"POST") else 0)
        await read_request(reader)
        writer.write(OK)

    async with talking(talk) as server:
        first = await client.request(HttpRequest("POST", server.url, 5.0, (), bytes(1_000_000)), "alice")
        second = await client.request(get(server.url), "alice")
    assert (first.body, second.body, server.connections) == ("ok", "ok", 2)


async def test_an_answer_to_nothing_closes_the_connection() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        writer.write(OK)
        await reader.read()

    loop = asyncio.get_running_loop()
    async with talking(talk) as server:
        transport, handler = await loop.create_connection(lambda: StrictResponseHandler(loop), "127.0.0.1", server.port)
        await wait_until(lambda: asyncio.sleep(0, bool(handler._tail)))
        handler.set_response_params()
        assert handler.should_close
        transport.close()


async def test_idle_connections_are_bounded_in_all_and_the_greedy_one_loses_his() -> None:
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_shared_client(concurrency=4))
        servers = [await stack.enter_async_context(answering(OK)) for _ in range(12)]
        await client.request(get(servers[0].url), "alice")
        for server in servers:
            await client.request(get(server.url), "mallory")
        await asyncio.sleep(0)
        await client.request(get(servers[0].url), "alice")
        assert servers[0].connections == 2  # one for each owner
        kept = client._session.connector._conns  # type: ignore[union-attr]
        assert sum(map(len, kept.values())) == 4
        await asyncio.wait_for(servers[1].broken_off.wait(), 2)


class Counting(FixedResolver):
    """A resolver that records look-ups."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1")
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return await super().resolve(host, port, family)


async def test_a_name_that_was_looked_up_is_remembered_for_its_owner_only() -> None:
    resolver = Counting()
    closing = response("200 OK", b"", "Connection: close")
    async with answering(closing) as server, open_shared_client(resolver=resolver) as client:
        for owner in ("alice", "alice", "bob", "alice"):
            await client.request(get(f"http://a.example:{server.port}/"), owner)
    assert len(resolver.asked) == 2


async def test_names_that_never_resolve_hold_up_their_owner_only(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    look_up = resolvers._lookup

    def lookup(host: str, port: int, family: int) -> list[resolvers.AddrInfo]:
        if host.startswith("silent"):
            released.wait(20)
        return look_up("127.0.0.1", port, family)

    monkeypatch.setattr(resolvers, "_lookup", lookup)
    async with answering(OK) as server, open_shared_client() as client:
        names = [f"http://silent{number}.example:{server.port}/" for number in range(resolvers.LOOKUP_THREADS + 1)]
        calls = [asyncio.create_task(client.request(get(name, timeout=0.5), "mallory")) for name in names]
        await asyncio.wait(calls)  # all are cancelled, but their threads are still busy
        again = asyncio.create_task(client.request(get(names[0], timeout=20.0, connect_timeout=20.0), "mallory"))
        assert (await client.request(get(f"http://a.example:{server.port}/"), "alice")).body == "ok"
        assert not again.done()
        released.set()
        assert (await again).body == "ok"


async def test_no_tls_session_is_resumed() -> None:
    authority, resumed = trustme.CA(), list[bool]()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("a.example").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        resumed.append(bool(writer.get_extra_info("ssl_object").session_reused))
        writer.write(response("200 OK", b"ok", "Connection: close"))
        await writer.drain()

    async with (
        talking(talk, served) as server,
        open_shared_client(ssl_context=trusting, resolver=FixedResolver("127.0.0.1")) as client,
    ):
        for owner in ("alice", "alice", "bob"):
            assert (await client.request(get(f"https://a.example:{server.port}/"), owner)).body == "ok"
    assert resumed == [False] * 3
