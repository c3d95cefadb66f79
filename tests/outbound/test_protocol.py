import asyncio
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientConnectionResetError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import wait_until
from tests.outbound.servers import (
    Reader,
    Server,
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
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.protocol import MAX_INTERIM_RESPONSES, StrictResponseHandler

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECOND = b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
AFTER_THE_END = [
    ("POST", b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", b"{}", 204, ""),
    ("POST", b"HTTP/1.1 204 No Content\r\n\r\n", b"{}", 204, ""),
    ("POST", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", b"{}", 204, ""),
    ("POST", b"HTTP/1.1 204 No Content\r\n\r\n", SECOND, 204, ""),
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hello", 200, ""),
    ("HEAD", CHUNKED, b"2\r\nhi\r\n0\r\n\r\n", 200, ""),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"hello", 304, ""),
    ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b" there", 200, "hi"),
    ("POST", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", b" there", 200, "hi"),
    ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"hello", 200, ""),
    ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", SECOND, 200, "hi"),
    ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", SECOND[:20], 200, "hi"),
    ("POST", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n", b"junk", 200, "hi"),
    ("POST", CHUNKED + b"2\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n", SECOND, 200, "hi"),
    ("POST", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n", SECOND[:30], 200, "hi"),
]
WITHOUT_A_REST = [
    (b"HTTP/1.1 200 OK\r\n\r\nhi", 200, "hi"),  # until the end of the connection
    (b"HTTP/1.0 200 OK\r\n\r\nhi", 200, "hi"),
    (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "hi"),
    (b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"),
    (response(body=b"hi") + b"\r\n", 200, "hi"),  # some old servers end bodies like this
    (b"HTTP/1.1 100 Continue\r\n\r\n" + response(body=b"hi"), 200, "hi"),
    (b"HTTP/1.1 103 Early Hints\r\nConnection: close\r\nLink: </a>\r\n\r\n" + response(body=b"hi"), 200, "hi"),
    (b"HTTP/1.0 100 Continue\r\n\r\nHTTP/1.0 201 Created\r\nContent-Length: 2\r\n\r\nhi", 201, "hi"),
    (b"HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nhi", 99, "hi"),
    (b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + response(body=b"hi"), 200, "hi"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, "hi"),
]


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


async def call(client: OwnerHttpClient, method: str, pieces: list[bytes]) -> tuple[HttpExchange, Server]:
    """Return the result for a response sent in `pieces`, after which the server waits for the end."""
    seen: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        seen.append(await read_request(reader))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            for _ in range(3):  # iterations of the loop in which the client reads it
                await asyncio.sleep(0)
        await reader.read()

    async with talking(talk) as server:
        exchange = await client.request(HttpRequest(method, server.url, 5.0))
        server.seen = seen
        if exchange.failure is None:
            await asyncio.wait_for(server.broken_off.wait(), 2)
    return exchange, server


@pytest.mark.parametrize("split", [False, True], ids=["one packet", "two packets"])
@pytest.mark.parametrize(("method", "answer", "rest", "status", "body"), AFTER_THE_END)
async def test_an_answer_ends_where_its_framing_says(
    client: OwnerHttpClient, method: str, answer: bytes, rest: bytes, status: int, body: str, split: bool
) -> None:
    exchange, server = await call(client, method, [answer, rest] if split else [answer + rest])
    assert exchange.failure is None
    assert (exchange.status, exchange.body) == (status, body)
    assert (server.connections, len(server.seen)) == (1, 1)


@given(case=st.sampled_from(AFTER_THE_END), data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_packets_make_no_difference(case: tuple[str, bytes, bytes, int, str], data: st.DataObject) -> None:
    method, answer, rest, status, body = case
    whole = answer + rest
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=6)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    async def run() -> None:
        seen: list[bytes] = []

        async def talk(reader: Reader, writer: Writer) -> None:
            seen.append(await read_request(reader))
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            await reader.read()

        async with talking(talk) as server, open_client() as client:
            exchange = await client.request(HttpRequest(method, server.url, 5.0))
        assert (exchange.failure, exchange.status, exchange.body) == (None, status, body)
        assert len(seen) == 1

    asyncio.run(run())


@pytest.mark.parametrize("bytewise", [False, True], ids=["one packet", "byte by byte"])
@pytest.mark.parametrize(("answer", "status", "body"), WITHOUT_A_REST)
async def test_answers_of_every_framing_are_read(
    client: OwnerHttpClient, answer: bytes, status: int, body: str, bytewise: bool
) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        for piece in [answer[at : at + 1] for at in range(len(answer))] if bytewise else [answer]:
            writer.write(piece)
            await asyncio.sleep(0)

    async with talking(talk) as server:
        exchange = await client.request(HttpRequest("POST", server.url, 5.0))
    assert exchange.failure is None
    assert (exchange.status, exchange.body) == (status, body)


@pytest.mark.parametrize("rest", [b"{}", SECOND, b"HTTP/1.1 200"], ids=["junk", "an answer", "half an answer"])
def test_a_kept_connection_with_something_unread_is_not_used_again(rest: bytes) -> None:
    """The rest arrives while the event loop is busy, and is unread when the next request is sent."""
    sent, go_on = threading.Event(), threading.Event()
    first, second = response("200 OK", b"first"), response("200 OK", b"second")

    def serve(listening: socket.socket) -> None:
        one, _ = listening.accept()
        one.recv(4096)
        one.sendall(first)
        go_on.wait(5)
        one.sendall(rest)
        sent.set()
        other, _ = listening.accept()
        other.recv(4096)
        other.sendall(second)
        other.close()
        one.close()

    async def run(port: int) -> list[str | None]:
        async with open_client() as client:
            request = HttpRequest("POST", f"http://127.0.0.1:{port}/", 5.0)
            before = await client.request(request)
            go_on.set()
            assert sent.wait(5)  # blocks the loop
            return [before.body, (await client.request(request)).body]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening,))
        server.start()
        assert asyncio.run(run(listening.getsockname()[1])) == ["first", "second"]
        server.join(5)


async def test_a_connection_is_kept_when_nothing_follows(client: OwnerHttpClient) -> None:
    answers = iter([response(body=b"1"), CHUNKED + b"1\r\n2\r\n0\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"])

    async def talk(reader: Reader, writer: Writer) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)

    async with talking(talk) as server:
        bodies = [(await client.request(HttpRequest("POST", server.url, 5.0))).body for _ in range(3)]
    assert bodies == ["1", "2", ""]
    assert server.connections == 1


@pytest.mark.parametrize(("method", "body"), [("GET", "again"), ("POST", None)])
async def test_what_is_no_answer_on_a_kept_connection_is_asked_again_if_that_is_safe(
    client: OwnerHttpClient, method: str, body: str | None
) -> None:
    answers = iter([response(body=b"first"), b"{}", response(body=b"again")])

    async def talk(reader: Reader, writer: Writer) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)
            if answer == b"{}":
                return

    async with talking(talk) as server:
        await client.request(HttpRequest(method, server.url, 5.0))
        exchange = await client.request(HttpRequest(method, server.url, 5.0))
    assert exchange.body == body
    assert kind(exchange) is (None if body else ErrorKind.PROTOCOL)
    assert server.connections == (2 if body else 1)


async def test_a_broken_chunk_is_reported_at_once(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(CHUNKED + b"2\r\nhi\r\n")
        await asyncio.sleep(0.02)
        writer.write(b"zz\r\n")
        await reader.read()

    async with talking(talk) as server:
        exchange = await client.request(get(server.url, timeout=30.0))
    assert kind(exchange) is ErrorKind.PROTOCOL
    assert exchange.failure is not None
    assert "Invalid character in chunk size" in exchange.failure.message
    assert (exchange.status, exchange.body) == (200, "hi")


async def test_a_body_without_a_length_is_incomplete_when_the_connection_breaks(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await asyncio.sleep(0.02)
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset instead of an end

    async with talking(talk) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.PROTOCOL
    assert exchange.body == "half"


async def test_an_answer_that_comes_before_the_whole_request_is_read_counts(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response("413 Content Too Large", b"too large", "Connection: close"))
        await writer.drain()
        await reader.read(65_536)

    async with talking(talk) as server:
        exchange = await client.request(HttpRequest("POST", server.url, 5.0, (), bytes(200_000)))
    assert exchange.failure is None
    assert (exchange.status, exchange.body) == (413, "too large")


async def test_both_lengths_are_a_failure_that_says_so(client: OwnerHttpClient) -> None:
    lengths = [b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"]
    for order in (lengths, lengths[::-1]):
        answer = b"HTTP/1.1 200 OK\r\n" + b"".join(order) + b"\r\n2\r\nhi\r\n0\r\n\r\n"
        exchange, _ = await call(client, "POST", [answer])
        assert kind(exchange) is ErrorKind.PROTOCOL
        assert exchange.failure is not None
        assert re.search("both a Content-Length and a Transfer-Encoding", exchange.failure.message)


async def test_a_server_that_never_comes_to_its_answer_is_given_up(client: OwnerHttpClient) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500)
            await writer.drain()

    async with talking(talk) as server:
        exchange = await client.request(get(server.url))
    assert exchange.failure is not None
    assert kind(exchange) is ErrorKind.PROTOCOL
    assert "more interim responses" in exchange.failure.message


async def test_many_interim_answers_are_fine(client: OwnerHttpClient) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * MAX_INTERIM_RESPONSES
    async with answering(hints + response(body=b"in"), hints + response(body=b"again")) as server:
        bodies = [(await client.request(get(server.url))).body for _ in range(2)]
    assert bodies == ["in", "again"]


OK = response(body=b"ok")


async def test_an_answer_that_comes_before_the_request_was_sent_closes_the_connection(client: OwnerHttpClient) -> None:
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
        first = await client.request(HttpRequest("POST", server.url, 5.0, (), bytes(1_000_000)))
        second = await client.request(get(server.url))
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


async def test_nothing_is_sent_on_a_connection_that_is_closing() -> None:
    loop = asyncio.get_running_loop()
    async with answering(OK) as server:
        transport, handler = await loop.create_connection(lambda: StrictResponseHandler(loop), "127.0.0.1", server.port)
        transport.close()
        with pytest.raises(ClientConnectionResetError):
            handler.send_request(b"GET / HTTP/1.1\r\n\r\n", has_body=False, skips_body=False)
    assert server.seen == []
