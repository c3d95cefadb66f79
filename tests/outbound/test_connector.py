"""Connections, TLS sessions and idle places belong to one owner each."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

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
from tocsin.cancellation import cancel_and_wait
from tocsin.outbound.http_client import HttpClient

OK = response(body=b"ok")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_shared_client() as opened:
        yield opened


async def test_owners_share_no_connection(client: HttpClient) -> None:
    async with answering(OK) as server:
        for owner in ("alice", "bob", "alice", "bob", "alice "):
            await client.request(get(server.url), owner)
    assert server.connections == 3


async def test_a_redirect_is_followed_on_the_owners_own_connections(client: HttpClient) -> None:
    async with answering(OK) as target, answering(response("307 Go", b"", f"Location: {target.url}")) as server:
        for owner in ("alice", "bob", "alice"):
            assert (await client.request(get(server.url), owner)).body == "ok"
    assert (server.connections, target.connections) == (2, 2)


async def test_idle_connections_are_bounded_in_all_and_the_greedy_one_loses_his() -> None:
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_shared_client(max_idle=4))
        servers = [await stack.enter_async_context(answering(OK)) for _ in range(12)]
        await client.request(get(servers[0].url), "alice")
        for server in servers:
            await client.request(get(server.url), "mallory")
        await asyncio.sleep(0)
        await client.request(get(servers[0].url), "alice")
        assert servers[0].connections == 2  # one for each owner
        kept = client._connector._conns  # type: ignore[union-attr]
        assert sum(map(len, kept.values())) == 4
        await asyncio.wait_for(servers[1].broken_off.wait(), 2)


async def test_calls_that_hang_keep_no_connection_from_other_owners() -> None:
    async with talking(_read_only) as silent_server, answering(OK) as server, open_shared_client(max_idle=1) as client:
        calls = [asyncio.create_task(client.request(get(silent_server.url), "mallory")) for _ in range(5)]
        await wait_until(lambda: _is_connected(silent_server, len(calls)))
        assert (await client.request(get(server.url), "alice")).body == "ok"
        await cancel_and_wait(*calls)


async def _read_only(reader: Reader, _: Writer) -> None:
    await reader.read()


async def _is_connected(server: Server, connections: int) -> bool:
    return server.connections == connections


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
