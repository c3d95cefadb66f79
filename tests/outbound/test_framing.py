"""A connection is reused only after a response whose end is the same for every reader."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.http import RawResponseMessage
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

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
from tocsin.outbound.framing import TAIL_LENGTH, has_irregular_line_break, has_plain_last_chunk, is_framing_unambiguous
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


def head(*headers: tuple[str, str], code: int = 200, minor: int = 1) -> RawResponseMessage:
    version = HttpVersion11 if minor else HttpVersion10
    fields = CIMultiDictProxy(CIMultiDict(headers))
    return RawResponseMessage(version, code, "", fields, (), False, None, False, False)


@pytest.mark.parametrize(
    ("message", "is_unambiguous"),
    [
        (head(), True),
        (head(("content-length", "5")), True),
        (head(("Content-Length", "5"), ("Content-Length", "5")), False),
        (head(("Content-Length", "+5")), False),
        (head(("Content-Length", "\u0665")), False),
        (head(("Transfer-Encoding", " Chunked ")), True),
        (head(("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")), False),
        (head(("Transfer-Encoding", "gzip, chunked")), False),
        (head(("Transfer-Encoding", "chunked"), ("Content-Length", "5")), False),
        (head(("Transfer-Encoding", "chunked"), minor=0), False),
        (head(code=204), True),
        (head(("Content-Length", "0"), code=204), False),
        (head(("Transfer-Encoding", "chunked"), code=103), False),
        (head(("Content-Length", "5"), code=304), True),
    ],
)
def test_a_head_states_the_length_in_exactly_one_way(message: RawResponseMessage, is_unambiguous: bool) -> None:
    assert is_framing_unambiguous(message) is is_unambiguous


@given(st.data(), st.lists(st.sampled_from([b"A: 1\r\n", b"A: 1\n", b" folded\r\n", b"\tfolded\r\n"]), max_size=4))
def test_an_irregular_line_break_is_seen_however_the_head_is_cut(data: st.DataObject, lines: list[bytes]) -> None:
    whole = b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"\r\n"
    cut = data.draw(st.integers(0, len(whole)))
    found = has_irregular_line_break(b"", whole[:cut]) or has_irregular_line_break(whole[:cut], whole[cut:])
    assert found is any(line != b"A: 1\r\n" for line in lines)


@pytest.mark.parametrize(
    ("end", "is_plain"),
    [
        (b"0\r\n\r\n", True),
        (b"2\r\nok\r\n0\r\n\r\n", True),
        (b"2\r\nok\r\n00\r\n\r\n", False),
        (b"2\r\nok\r\n0;x\r\n\r\n", False),
        (b"2\r\nok\r\n0\r\nA: 1\r\n\r\n", False),
        (b"10\r\n\r\n", False),
        (b"", False),
    ],
)
def test_a_plain_last_chunk_has_neither_extension_nor_trailer(end: bytes, is_plain: bool) -> None:
    assert has_plain_last_chunk(end[-TAIL_LENGTH:]) is is_plain
