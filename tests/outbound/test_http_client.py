import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.abc import ResolveResult

from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Writer,
    answering,
    get,
    kind,
    open_client,
    read_request,
    response,
    talking,
)
from tocsin.documents import ErrorKind
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import OwnerHttpClient


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


async def test_an_answer_comes_with_status_headers_body_and_timings(client: OwnerHttpClient) -> None:
    async with answering(response("201 Created", b'{"a":1}', "Content-Type: application/json", "X-Odd: B")) as server:
        exchange = await client.request(get(server.url))
    assert exchange.failure is None
    assert (exchange.status, exchange.body, exchange.truncated) == (201, '{"a":1}', False)
    assert exchange.headers == [("Content-Type", "application/json"), ("X-Odd", "B"), ("Content-Length", "7")]
    assert 0 < exchange.timings["connect"] <= exchange.timings["first_byte"] <= exchange.timings["total"]


async def test_says_who_calls_and_wants_no_compression(client: OwnerHttpClient) -> None:
    async with answering(response()) as server:
        await client.request(get(server.url))
        await client.request(get(server.url, headers=[("user-agent", "mine")]))
    assert b"\r\nUser-Agent: Tocsin/" in server.seen[0]
    assert b"\r\nAccept-Encoding: identity\r\n" in server.seen[0]
    assert server.seen[1].lower().count(b"\r\nuser-agent: mine") == server.seen[1].lower().count(b"user-agent") == 1


async def test_a_url_is_sent_as_the_url_standard_serialises_it(client: OwnerHttpClient) -> None:
    paths = ['{a}"<b>?{c}"<d>#e', "a?", "?", "a/../b%2Fc?d=%2f+%20", "\u00fc?\u00fc", "x" * 8000]
    async with answering(response()) as server:
        for path in paths:
            await client.request(get(server.url + path))
    assert [seen.split(b" ")[1] for seen in server.seen] == [
        b"/%7Ba%7D%22%3Cb%3E?{c}%22%3Cd%3E", b"/a?", b"/?", b"/b%2Fc?d=%2f+%20", b"/%C3%BC?%C3%BC", b"/" + b"x" * 8000,
    ]  # fmt: skip


async def test_the_time_of_a_look_up_is_apart_from_that_of_the_connection() -> None:
    class Busy(FixedResolver):
        async def resolve(self, *where: Any) -> list[ResolveResult]:
            sum(range(1_000_000))  # takes longer than the request, so that it would show in its other parts
            return await super().resolve(*where)

    async with answering(response()) as server, open_client(resolver=Busy("127.0.0.1")) as client:
        named = (await client.request(get(f"http://a.example:{server.port}/"))).timings
        literal = (await client.request(get(server.url))).timings
    assert named.keys() == {"total", "dns", "connect", "first_byte"}
    assert named["dns"] + named["connect"] <= named["first_byte"] + 0.002  # each is rounded to 0.001 ms
    assert literal.keys() == {"total", "connect", "first_byte"}


async def test_without_a_response_there_is_no_first_byte(client: OwnerHttpClient) -> None:
    async with answering(response()) as server:
        url = server.url
    exchange = await client.request(get(url))
    assert (kind(exchange), set(exchange.timings)) == (ErrorKind.CONNECT, {"total", "connect"})


async def test_connections_are_kept(client: OwnerHttpClient) -> None:
    async with answering(response(body=b"ok"), response("404 Not Found", b"no"), response(body=b"ok")) as server:
        exchanges = [await client.request(get(server.url)) for _ in range(3)]
    assert [exchange.body for exchange in exchanges] == ["ok", "no", "ok"]
    assert "connect" not in exchanges[-1].timings
    assert server.connections == 1


async def test_cookies_are_neither_kept_nor_recorded(client: OwnerHttpClient) -> None:
    async with answering(response("200 OK", b"", "Set-Cookie: session=s3cret")) as server:
        exchange = await client.request(get(server.url))
        await client.request(get(server.url))
    assert ("Set-Cookie", "***") in exchange.headers
    assert b"cookie" not in server.seen[1].lower()


# --- servers that misbehave ---


async def test_headers_that_never_come_are_a_timeout(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with talking(talk) as server:
        exchange = await client.request(get(server.url, timeout=0.1))
        await asyncio.wait_for(server.broken_off.wait(), 2)
    assert kind(exchange) is ErrorKind.TIMEOUT
    assert exchange.status is None
    assert 90 <= exchange.timings["total"] < 1000


async def test_a_body_that_drips_is_a_timeout_and_what_came_is_kept(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"d")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with talking(talk) as server:
        exchange = await client.request(get(server.url, timeout=0.15))
        await asyncio.wait_for(server.broken_off.wait(), 2)
    assert kind(exchange) is ErrorKind.TIMEOUT
    assert exchange.status == 200
    assert exchange.body
    assert set(exchange.body) == {"d"}


async def test_a_refused_connection(client: OwnerHttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        exchange = await client.request(get(f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    assert kind(exchange) is ErrorKind.CONNECT
    assert exchange.failure is not None
    assert "was refused" in exchange.failure.message


async def test_a_connection_that_does_not_come_about_in_time(client: OwnerHttpClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        exchange = await client.request(get(url, connect_timeout=0.1))
        for each in crowd:
            each.close()
    assert kind(exchange) is ErrorKind.TIMEOUT
    assert exchange.timings["total"] < 1000


async def test_a_server_that_hangs_up_is_asked_once_only(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)

    async with talking(talk) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.CONNECT
    assert server.connections == 1


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1)])
async def test_a_kept_connection_that_closes_is_replaced_when_asking_twice_is_safe(
    client: OwnerHttpClient, method: str, tries: int
) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(response(body=b"ok"))
        await read_request(reader)  # and no answer

    async with talking(talk) as server:
        await client.request(get(server.url))
        exchange = await client.request(HttpRequest(method, server.url, 5.0))
    assert server.connections == tries
    assert kind(exchange) is (None if tries == 2 else ErrorKind.CONNECT)


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
async def test_an_answer_that_breaks_off_keeps_what_came(client: OwnerHttpClient, broken: bytes) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(broken)
        await writer.drain()

    async with talking(talk) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.PROTOCOL


@pytest.mark.parametrize(
    "garbage",
    [
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a" * 5,
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
    ],
)
async def test_what_is_not_http_is_a_protocol_error(client: OwnerHttpClient, garbage: bytes) -> None:
    async with answering(garbage) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.PROTOCOL


async def test_an_unknown_host_name(client: OwnerHttpClient) -> None:
    for host in ("no-such-host.invalid", f"{'a' * 64}.example"):
        exchange = await client.request(get(f"http://{host}/"))
        assert kind(exchange) is ErrorKind.DNS


async def test_cancelling_passes_through_and_closes_the_connection(client: OwnerHttpClient) -> None:
    arrived = asyncio.Event()

    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        arrived.set()
        await reader.read()

    async with talking(talk) as server:
        task = asyncio.create_task(client.request(get(server.url)))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.broken_off.wait(), 2)
