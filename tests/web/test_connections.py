"""Limits on connections: in total, per address and user, and for idle ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.graphql.conftest import SECRET, Api
from tests.harness import wait_until
from tests.web.conftest import Raw
from tocsin.config import Settings
from tocsin.web import graphql_ws
from tocsin.web.connections import Connection, ConnectionRefusal, ConnectionTable

PROXY = "127.0.0.9"
MOST, OF_ADDRESS = 64, 20


@pytest.fixture
def settings() -> Settings:
    key = SecretStr("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    return Settings(
        _env_file=None, jwt_secret=SecretStr(SECRET), encryption_key=key, trusted_proxies=PROXY,
        max_connections=MOST, connections_per_address=OF_ADDRESS,
    )  # fmt: skip


@asynccontextmanager
async def dial(api: Api, address: str = "127.0.0.1") -> AsyncIterator[Raw]:
    """Open a bare connection from a loopback address."""
    server = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(server.hostname, server.port, local_addr=(address, 0))
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


def open_socket(api: Api, *, forwarded: str | None = None, local: str = "127.0.0.1") -> connect_socket:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return connect_socket(
        api.ws_url,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
        local_addr=(local, 0),
    )


async def init(socket: ClientConnection, token: str | None) -> None:
    payload = {"authorization": f"Bearer {token}"} if token else {}
    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    assert json.loads(await socket.recv())["type"] == "connection_ack"


async def test_an_address_has_no_more_than_its_share_and_others_are_served(api: Api) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(OF_ADDRESS):
            await stack.enter_async_context(dial(api, "127.0.0.2"))
        async with dial(api, "127.0.0.2") as refused:
            answer = await refused.answer()
            assert (answer.status, answer.code) == (429, "RATE_LIMITED")
            assert await refused.rest() == b""
        async with dial(api) as other:
            await other.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await other.answer()).status == 200

    async def served_again() -> bool:
        async with dial(api, "127.0.0.2") as again:
            await again.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
            return (await again.answer()).status == 200

    await wait_until(served_again)


async def test_many_anonymous_connections_do_not_lock_others_out(api: Api) -> None:
    async with AsyncExitStack() as stack:
        signed_in = await stack.enter_async_context(open_socket(api))
        await init(signed_in, api.alice.token)
        for number in range(MOST):
            await stack.enter_async_context(dial(api, f"127.0.1.{number + 1}"))
        newcomer = await stack.enter_async_context(dial(api, "127.0.2.1"))
        await newcomer.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await newcomer.answer()).status == 200
        await signed_in.send(json.dumps({"type": "ping"}))
        assert json.loads(await signed_in.recv())["type"] == "pong"


async def test_a_client_behind_a_proxy_has_no_more_than_its_share(api: Api) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(OF_ADDRESS):
            await stack.enter_async_context(open_socket(api, forwarded="198.51.100.1", local=PROXY))
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(open_socket(api, forwarded="198.51.100.1", local=PROXY))
        assert refused.value.response.status_code == 429
        assert json.loads(refused.value.response.body)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        other = await stack.enter_async_context(open_socket(api, forwarded="198.51.100.2", local=PROXY))
        await init(other, None)


async def test_a_connection_without_an_operation_is_closed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "IDLE_SECONDS", 2.0)
    subscription = {"query": "subscription { taskEvents { kind } }"}
    async with open_socket(api) as idle, open_socket(api) as busy:
        await init(busy, api.alice.token)
        await busy.send(json.dumps({"id": "1", "type": "subscribe", "payload": subscription}))
        await init(idle, api.alice.token)
        with pytest.raises(ConnectionClosed) as closed:
            await idle.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
            1000,
            "No operation was active for 2 seconds.",
        )
        await busy.send(json.dumps({"type": "ping"}))
        while json.loads(await busy.recv())["type"] != "pong":
            pass


class Opened:
    """Connections in a table, without a network."""

    def __init__(self, most: int, of_address: int) -> None:
        self.table = ConnectionTable(most, of_address, lambda address: address == PROXY)
        self.aborted: list[str] = []

    def open(self, address: str, name: str = "") -> Connection | ConnectionRefusal:
        return self.table.open(address, lambda: self.aborted.append(name))


def test_the_address_with_the_most_anonymous_connections_makes_room() -> None:
    opened = Opened(4, 4)
    for number, address in enumerate(("192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.3")):
        opened.open(address, f"{address} {number}")
    assert isinstance(opened.open("192.0.2.4"), Connection)
    assert opened.aborted == ["192.0.2.2 1"]
    assert len(opened.table) == 4


def test_an_address_does_not_push_itself_out() -> None:
    opened = Opened(3, 10)
    assert [isinstance(opened.open("192.0.2.1"), Connection) for _ in range(3)] == [True] * 3
    assert opened.open("192.0.2.1") is ConnectionRefusal.SERVER_FULL
    assert opened.aborted == []


def test_authenticated_connections_stay() -> None:
    opened = Opened(3, 10)
    for _ in range(3):
        connection = opened.open("192.0.2.1")
        assert isinstance(connection, Connection)
        connection.mark_authenticated("u1")
        last = connection
    assert opened.open("192.0.2.2") is ConnectionRefusal.SERVER_FULL
    assert opened.aborted == []
    last.close()
    last.close()
    assert isinstance(opened.open("192.0.2.2"), Connection)


def test_one_user_from_many_addresses_does_not_lock_others_out() -> None:
    opened = Opened(6, 2)
    for number in range(6):
        connection = opened.open(f"192.0.2.{number}", str(number))
        assert isinstance(connection, Connection)
        for _ in range(2):
            connection.mark_authenticated("u1")
    for number in range(4):
        other = opened.open("192.0.2.100" if number % 2 else "192.0.2.101")
        assert isinstance(other, Connection)
        other.mark_authenticated(f"other {number}")
    assert opened.aborted == ["2", "3", "4", "5"]
    assert opened.open("192.0.2.102") is ConnectionRefusal.SERVER_FULL


def test_a_network_of_ipv6_is_one_address() -> None:
    opened = Opened(10, 2)
    assert isinstance(opened.open("2001:db8::1"), Connection)
    assert isinstance(opened.open("2001:db8::2"), Connection)
    assert opened.open("2001:db8::3") is ConnectionRefusal.ADDRESS_LIMIT
    assert isinstance(opened.open("2001:db8:0:1::3"), Connection)


def test_a_proxy_is_bounded_by_the_whole_table_alone() -> None:
    opened = Opened(5, 2)
    connections = [opened.open(PROXY) for _ in range(5)]
    assert all(isinstance(connection, Connection) for connection in connections)
    assert opened.open(PROXY) is ConnectionRefusal.SERVER_FULL
    for connection in connections:
        assert isinstance(connection, Connection)
        connection.close()
    assert len(opened.table) == 0
