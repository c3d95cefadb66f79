"""What is kept of a response: its body up to a limit, as text, its headers, and its Retry-After."""

import asyncio
import datetime
import encodings
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from tests.outbound.servers import (
    Reader,
    Writer,
    answering,
    get,
    open_client,
    read_request,
    response,
    talking,
)
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.responses import decode_body


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


async def test_many_headers_are_recorded_up_to_a_limit(client: OwnerHttpClient) -> None:
    headers = [f"X-{number}: {'v' * 1000}" for number in range(30)]
    async with answering(response("200 OK", b"", *headers)) as server:
        exchange = await client.request(get(server.url))
    assert exchange.status == 200
    assert len(exchange.headers) == 16


async def test_an_endless_body_is_cut_and_takes_no_memory(client: OwnerHttpClient) -> None:
    chunk = b"\xc3\xa9" * 50_000

    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n!")
        while True:
            writer.write(chunk)
            await writer.drain()

    async with talking(talk) as server:
        tracemalloc.start()
        exchange = await client.request(get(server.url))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await asyncio.wait_for(server.broken_off.wait(), 2)
    assert exchange.failure is None
    assert exchange.truncated
    assert exchange.body == "!" + "é" * 32_767  # the character at the limit is dropped
    assert peak < 4_000_000


async def test_invalid_utf8_is_replaced_and_a_charset_honoured(client: OwnerHttpClient) -> None:
    async with answering(
        response(body=b"caf\xe9\x00"),
        response("200 OK", b"caf\xe9", "Content-Type: text/plain; charset=ISO-8859-1"),
        response("200 OK", b"\\ud800", "Content-Type: text/plain; charset=unicode_escape"),
    ) as server:
        bodies = [(await client.request(get(server.url))).body for _ in range(3)]
    assert bodies == ["caf\ufffd\x00", "café", "\\ud800"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        *((name, "é") for name in ("ISO-8859-1", "latin1", '"Windows-1252"', "iso_8859-15", "L1")),
        *((name, "\ufffd") for name in ("utf8", "UTF-8", "iso-8859-12", "unicode_escape", "idna", "no-such", "")),
        ("koi8-r", "И"), ("big5-hkscs", "\ufffd"),
    ],
)  # fmt: skip
def test_a_charset_is_known_by_all_its_names(given: str, text: str) -> None:
    assert decode_body(b"\xe9", f"text/plain; charset={given}", whole=True) == text


def test_names_that_are_no_charsets_are_not_remembered() -> None:
    before = len(encodings._cache)
    for number in range(50):
        decode_body(b"x", f"text/plain; charset=unheard-of-{number}", whole=True)
    assert len(encodings._cache) == before


async def test_a_byte_order_mark_tells_the_charset_and_is_left_out(client: OwnerHttpClient) -> None:
    latin = "Content-Type: text/plain; charset=ISO-8859-1"
    async with answering(
        response("200 OK", "\ufeffcafé".encode(), latin),
        response(body="\ufeffcafé".encode("utf-16-le")),
        response(body="\ufeffcafé".encode("utf-16-be")),
        response("200 OK", "café".encode("utf-16-be"), "Content-Type: text/plain; charset=utf-16be"),
    ) as server:
        bodies = [(await client.request(get(server.url))).body for _ in range(4)]
    assert bodies == ["café"] * 4


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("9" * 50, 999_999_999)],
)
async def test_retry_after_is_understood(client: OwnerHttpClient, value: str, seconds: int | None) -> None:
    async with answering(response("429 Slow", b"", f"Retry-After: {value}")) as server:
        exchange = await client.request(get(server.url))
    assert exchange.retry_after == (None if seconds is None else datetime.timedelta(seconds=seconds))
