"""What is kept of a response: its body up to a limit, as text, its headers, and its Retry-After."""

import asyncio
import codecs
import datetime
import encodings
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tocsin.outbound.responses import (
    _NAMES,
    MAX_RECORDED_HEADER_BYTES,
    decode_body,
    max_retry_after,
    parse_retry_after,
    record_headers,
)


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


@pytest.mark.parametrize("charset", sorted(set(_NAMES.values())))
@given(body=st.binary(max_size=12), whole=st.booleans())
def test_any_bytes_of_any_known_charset_become_text(charset: str, body: bytes, whole: bool) -> None:
    text = decode_body(body, f"text/plain; charset={charset}", whole=whole)
    text.encode()  # it can be stored


def test_unmarked_utf_16_is_little_endian_as_in_browsers() -> None:
    for charset in ("utf-16", "utf-32"):
        assert decode_body("aé".encode(f"{charset}-le"), f"text/plain; charset={charset}", whole=True) == "aé"
    marked = codecs.BOM_UTF32_BE + "aé".encode("utf-32-be")
    assert decode_body(marked, "text/plain; charset=utf-32", whole=True) == "aé"


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


NOW = datetime.datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (" 5 ", timedelta(seconds=5)),
        ("Fri, 01 Jan 2027 12:01:00 GMT", timedelta(minutes=1)),
        ("Fri, 01 Jan 2027 13:01:00 +0100", timedelta(minutes=1)),
        ("Fri, 01 Jan 2027 12:01:00 -0000", timedelta(minutes=1)),
        ("Fri, 01 Jan 2027 11:00:00 GMT", timedelta(0)),
        *(
            (bad, None)
            for bad in ("", "-5", "1.5", "\u0665", "Fri, 99 Jan 2027 12:01:00 GMT", "Fri, 01 Jan 99999 00:00:00 GMT")
        ),
    ],
)
def test_a_wait_is_seconds_or_a_date(value: str, wait: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == wait


def test_of_several_waits_the_longest_counts() -> None:
    assert max_retry_after(["5", "soon", "Fri, 01 Jan 2027 12:00:30 GMT"], NOW) == timedelta(seconds=30)
    assert max_retry_after(["soon"], NOW) is None


def test_headers_are_recorded_whole_in_order_with_cookies_masked() -> None:
    raw = [
        (b"x-A", b"1"),
        (b"SET-cookie", b"id=1"),
        (b"x-A", b"caf\xe9"),
        (b"X-Long", b"v" * MAX_RECORDED_HEADER_BYTES),
    ]
    assert record_headers([*raw, (b"X-Last", b"")]) == [("x-A", "1"), ("SET-cookie", "***"), ("x-A", "caf\ufffd")]


def test_headers_up_to_the_limit_are_recorded() -> None:
    exact = (b"X", b"v" * (MAX_RECORDED_HEADER_BYTES - 1))
    assert len(record_headers([exact])) == 1
    assert record_headers([exact, (b"", b"v")]) == record_headers([exact])
    assert record_headers([(b"X", b"v" * MAX_RECORDED_HEADER_BYTES)]) == []


@given(st.text(), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be", "gb18030"]), st.data())
def test_a_cut_text_is_a_beginning_of_the_whole_one(text: str, charset: str, data: st.DataObject) -> None:
    text = text.replace("\ufeff", "")
    encoded = text.encode(charset, "ignore")
    cut = data.draw(st.integers(0, len(encoded)))
    content_type = f"text/plain; charset={charset}"
    assert decode_body(encoded, content_type, whole=True) == encoded.decode(charset)
    assert encoded.decode(charset).startswith(decode_body(encoded[:cut], content_type, whole=False))
