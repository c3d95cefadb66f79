import asyncio
import contextlib
import gzip
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.outbound.servers import Reader, Writer, answering, get, kind, open_client, read_request, response, talking
from tocsin.documents import ErrorKind
from tocsin.outbound.content_codings import CHUNK_SIZE, MAX_MEMBERS, BodyDecoder, DecodingError, make_body_decoder
from tocsin.outbound.exchanges import HttpExchange, HttpRequest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 65_536
TEXT = '{"a":"café"}'
PLAIN = TEXT.encode()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(data) + encoder.flush()


def zstd_with_window(data: bytes, log: int) -> bytes:
    encoder = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
    return encoder.compress(data) + encoder.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzipped,
    "x-gzip": gzipped,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=5)),
    "zstd": zstd.compress,
}
READABLE = [
    *((coding, encode(PLAIN), TEXT) for coding, encode in ENCODERS.items()),
    ("deflate", raw_deflate(PLAIN), TEXT),
    ("GZip", gzipped(PLAIN), TEXT),
    ("gzip, gzip", gzipped(gzipped(PLAIN)), TEXT),
    ("deflate, br", brotli.compress(zlib.compress(PLAIN)), TEXT),
    ("identity", PLAIN, TEXT),
    ("", PLAIN, TEXT),
    ("identity, gzip", gzipped(PLAIN), TEXT),
    ("gzip", gzipped(PLAIN) + gzipped(b" and more"), TEXT + " and more"),
    ("gzip", gzipped(PLAIN) + b"what follows", TEXT),
    ("gzip", gzipped(PLAIN) + bytes(100), TEXT),
    ("deflate", zlib.compress(PLAIN) + b"what follows", TEXT),
    ("zstd", zstd.compress(PLAIN) + zstd.compress(b" and more"), TEXT + " and more"),
    ("utf-8", PLAIN, TEXT),  # not a coding, but some servers send it
    ("gzip", b"", ""),
    ("br", b"", ""),
    ("compress", b"", ""),
]
NOISE = random.Random(5).randbytes(2000)
UNREADABLE = [
    ("gzip", PLAIN, "is labelled gzip, but is not"),
    ("gzip", gzipped(PLAIN)[:-8] + bytes(8), "is labelled gzip, but is not"),
    ("deflate", b"\xff" * 20, "is labelled deflate, but is not"),
    ("br", b"\xff" * 50, "is labelled br, but is not"),
    ("zstd", PLAIN, "is labelled zstd, but is not"),
    ("zstd", zstd_with_window(bytes(1_000_000), 27), "needs more than 8 MB"),
    ("gzip", gzipped(NOISE)[:-10], "is cut off: its gzip data has no end"),
    ("deflate", zlib.compress(NOISE)[:-6], "is cut off: its deflate data has no end"),
    ("deflate", b"x", "is cut off: its deflate data has no end"),
    ("br", brotli.compress(NOISE)[:-3], "is cut off: its br data has no end"),
    ("zstd", zstd.compress(NOISE)[:-6], "is cut off: its zstd data has no end"),
    ("gzip, gzip", gzipped(PLAIN), "is labelled gzip, but is not"),
    ("compress", b"\x1f\x9d\x90", "has the content coding compress, which Tocsin cannot decode"),
    ("aes128gcm", b"\x00", "has the content coding aes128gcm"),
    ("mystery", bytes(range(256)), "has an unknown content coding"),
    (",".join(["gzip"] * 6), PLAIN, "has 6 content codings, but Tocsin decodes at most 5"),
]


async def answered(coding: str, body: bytes, size: int = 0, header: str = "Content-Encoding") -> HttpExchange:
    """Return the result for a response with this coding, whose body is sent in pieces of `size` bytes."""

    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        head, _, _ = response("200 OK", body, f"{header}: {coding}", "Content-Type: application/json").partition(
            b"\r\n\r\n"
        )
        writer.write(head + b"\r\n\r\n")
        for start in range(0, len(body), size or len(body) or 1):
            writer.write(body[start : start + (size or len(body))])
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    async with talking(talk) as server, open_client(response_limit=LIMIT) as client:
        return await client.request(get(server.url))


@pytest.mark.parametrize("size", [0, 5], ids=["at once", "in pieces"])
@pytest.mark.parametrize(("coding", "body", "text"), READABLE)
async def test_coded_answers_are_read(coding: str, body: bytes, text: str, size: int) -> None:
    exchange = await answered(coding, body, size)
    assert exchange.failure is None
    assert (exchange.body, exchange.truncated) == (text, False)
    assert ("Content-Encoding", coding) in exchange.headers  # the received header is recorded


@pytest.mark.parametrize(("coding", "body", "what"), UNREADABLE)
async def test_what_cannot_be_decoded_is_a_failure_that_says_so(coding: str, body: bytes, what: str) -> None:
    exchange = await answered(coding, body)
    assert kind(exchange) is ErrorKind.PROTOCOL
    assert exchange.failure is not None
    assert what in exchange.failure.message
    assert "Accept-Encoding: identity" in exchange.failure.hint
    assert exchange.status == 200


async def test_an_answer_without_a_body_is_not_decoded() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\nContent-Length: 900\r\n\r\n"
    async with answering(answer) as server, open_client() as client:
        exchange = await client.request(HttpRequest("HEAD", server.url, 5.0))
    assert (exchange.failure, exchange.body) == (None, "")


async def test_a_transfer_coding_is_undone_too() -> None:
    body = gzipped(PLAIN)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    async with (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + chunked) as server,
        open_client() as client,
    ):
        exchange = await client.request(get(server.url))
    assert (exchange.failure, exchange.body) == (None, TEXT)


@pytest.mark.parametrize("coding", ENCODERS)
async def test_a_bomb_is_cut_at_the_limit_and_takes_no_memory(coding: str) -> None:
    body = ENCODERS[coding](bytes(30_000_000))
    tracemalloc.start()
    exchange = await answered(coding, body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert exchange.failure is None
    assert exchange.truncated
    assert exchange.body == "\x00" * LIMIT
    assert peak < 4_000_000


async def test_a_bomb_of_stacked_codings_is_cut_before_it_unfolds() -> None:
    head, rest = gzipped(b"")[:10], gzipped(b"")[10:]
    named = head[:3] + b"\x08" + head[4:] + b"a" * 10_000_000 + b"\0" + rest  # gzip may keep the name of a file
    nothing = gzipped(named)  # 10 MB between the codings, and no text at all
    exchange = await answered("gzip, gzip", nothing)
    assert (exchange.failure, exchange.truncated, exchange.body) == (None, True, "")


SKIPPED_FRAME = b"\x50\x2a\x4d\x18\x00\x00\x00\x00"


@pytest.mark.parametrize("part", [gzipped(b""), zstd.compress(b""), SKIPPED_FRAME])
async def test_a_crowd_of_empty_parts_is_refused(part: bytes) -> None:
    coding = "gzip" if part == gzipped(b"") else "zstd"
    exchange = await answered(coding, part * (MAX_MEMBERS + 2))
    assert (kind(exchange), exchange.body) == (ErrorKind.PROTOCOL, "")
    assert exchange.failure is not None
    assert f"has more than 4,096 parts in its {coding} data" in exchange.failure.message


async def test_a_few_thousand_parts_are_one_text() -> None:
    exchange = await answered("gzip", gzipped(b"line\n") * 4_000)
    assert (exchange.failure, exchange.body) == (None, "line\n" * 4_000)


def test_what_comes_to_nothing_between_two_codings_lets_others_go_on() -> None:
    decoding = BodyDecoder(["br", "zstd", "gzip"], LIMIT)
    assert len(list(decoding.decode(gzipped(SKIPPED_FRAME * 1_000)))) >= 1_000


def test_too_many_codings_are_not_even_prepared_for() -> None:
    codings = ["br"] * 20_000
    tracemalloc.start()
    decoding = BodyDecoder(codings, LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with pytest.raises(DecodingError, match="20000 content codings"):
        decoding.decode(b"x")
    assert peak < 500_000  # those of their decoders would be 100 MB


@given(
    text=st.binary(max_size=3 * CHUNK_SIZE),
    codings=st.lists(st.sampled_from(sorted(ENCODERS)), max_size=3),
    cuts=st.lists(st.integers(1, 50), max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_any_codings_in_any_pieces_give_the_text_back(text: bytes, codings: list[str], cuts: list[int]) -> None:
    coded = text
    for coding in codings:
        coded = ENCODERS[coding](coded)
    decoding = make_body_decoder([", ".join(codings)], (), 10 * CHUNK_SIZE) or BodyDecoder([], 10 * CHUNK_SIZE)
    found, rest = bytearray(), coded
    for cut in [*cuts, len(coded)]:
        pieces = list(decoding.decode(rest[:cut]))
        assert all(len(piece) <= 3 * CHUNK_SIZE for piece in pieces)
        found += b"".join(pieces)
        rest = rest[cut:]
    if coded:
        decoding.finish()
    assert bytes(found) == text
    assert not decoding.exceeded


@given(data=st.binary(max_size=300), coding=st.sampled_from(sorted(ENCODERS)))
@settings(max_examples=100, deadline=None)
def test_junk_is_never_anything_but_undecodable(data: bytes, coding: str) -> None:
    decoding = BodyDecoder([coding], LIMIT)
    with contextlib.suppress(DecodingError):
        list(decoding.decode(data))
        decoding.finish()
