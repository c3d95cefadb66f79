"""A connection is reused only after a response whose end is the same for every reader."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.outbound.servers import (
    Reader,
    Writer,
    open_shared_client,
    read_request,
    response,
    talking,
)
from tests.outbound.test_protocol import CHUNKED
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import HttpClient

OK = response(body=b"ok")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_shared_client() as opened:
        yield opened


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
