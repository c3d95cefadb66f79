"""Messages about responses that are not HTTP, or too large."""

import pytest

from tests.outbound.servers import Reader, Writer, get, kind, open_client, read_request, talking
from tocsin.documents import ErrorKind
from tocsin.outbound.parse_errors import explain_parse_error

OK = b"HTTP/1.1 200 OK\r\n"
REASONS = [
    (b"220 mail.example ESMTP s3cret\r\n", "it does not begin with HTTP/1.1 or HTTP/1.0", True),
    (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03s3cret", "it does not begin with HTTP/1.1 or HTTP/1.0", True),
    (b"HTTP/2 200 s3cret\r\n\r\n", "its version is neither HTTP/1.1 nor HTTP/1.0", True),
    (b"HTTP/1.7 200 s3cret\r\n\r\n", "its version is neither HTTP/1.1 nor HTTP/1.0", True),
    (b"HTTP/1.1 20 s3cret\r\n\r\n", "its status is not a number of three digits", True),
    (b"HTTP/1.1 s3cret\r\n\r\n", "its status is not a number of three digits", True),
    (OK + b"Content-Length: -5s3cret\r\n\r\n", "Invalid character in Content-Length", False),
    (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\ns3cret", "Content-Length overflow", False),
    (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\ns3cret", "it has more than one Content-Length", False),
    (OK + b"s3cret\r\n\r\n", "a header line is not of the form `name: value`", False),
    (OK + b"X: s3cret\x00\r\n\r\n", "a header contains an invalid character", False),
    (OK + b"Transfer-Encoding: chunked\r\n\r\ns3cret\r\n", "Invalid character in chunk size", False),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\ns3cret\r\n", "Expected LF after chunk data", False),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\ns3cret", "Chunk size overflow", False),
]
LIMITS = [
    (OK + b"X: " + b"s3cret" * 4000 + b"\r\n\r\n", "a header or status line of more than 16,384 bytes"),
    (OK + b"s3cret" * 4000 + b": x\r\n\r\n", "a header or status line of more than 16,384 bytes"),
    (b"HTTP/1.1 200 " + b"s3cret" * 4000 + b"\r\n\r\n", "a header or status line of more than 16,384 bytes"),
    (OK + b"X: s3cret\r\n" * 129 + b"\r\n", "more than 128 headers"),
]


async def said(answer: bytes) -> tuple[str, str]:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(answer)
        await reader.read()

    async with talking(talk) as server, open_client() as client:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.PROTOCOL
    assert exchange.failure is not None
    message = exchange.failure.message
    assert "s3cret" not in message
    words = message.replace(server.url.removeprefix("http://").rstrip("/"), "")  # its port may have any digits
    assert words != message
    assert not any(inside in words for inside in ("b'", "\n", "aiohttp", "Error", "400", "sys."))
    return message, exchange.failure.hint


@pytest.mark.parametrize(("answer", "reason", "is_no_http"), REASONS)
async def test_the_whole_reason_is_given_and_nothing_quoted(answer: bytes, reason: str, is_no_http: bool) -> None:
    message, hint = await said(answer)
    assert message.endswith(f" is not valid HTTP ({reason}).")
    assert hint.startswith("Does this port speak HTTP?") is is_no_http


@pytest.mark.parametrize(("answer", "limit"), LIMITS)
async def test_a_limit_of_ours_is_named_as_one(answer: bytes, limit: str) -> None:
    message, hint = await said(answer)
    assert message.endswith(f" has {limit}, which is the maximum that Tocsin reads.")
    assert "HTTP?" not in hint


async def test_128_headers_and_a_line_of_nearly_16_kb_are_read() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(OK + b"X: y\r\n" * 126 + b"Y: " + b"a" * 16_300 + b"\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with talking(talk) as server, open_client() as client:
        exchange = await client.request(get(server.url))
    assert (exchange.failure, exchange.status) == (None, 200)


async def test_an_answer_that_ends_too_early_says_how_much_came() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(OK + b"Content-Length: 100\r\n\r\nhalf")

    async with talking(talk) as server, open_client() as client:
        exchange = await client.request(get(server.url))
    assert exchange.failure is not None
    assert exchange.failure.message.endswith("ended before it was complete: 4 of 100 bytes were received.")
    assert exchange.body == "half"


def test_a_reason_with_quotes_and_colons_stays_whole() -> None:
    what, _ = explain_parse_error('Data after `Connection: close`:\n\n  b\'{"token": "s3cret"}\'\n    ^')
    assert what == "is not valid HTTP (Data after `Connection: close`)"


def test_what_the_parser_never_said_is_not_shown() -> None:
    what, _ = explain_parse_error("Exceeds the limit (4300 digits); use sys.set_int_max_str_digits() s3cret")
    assert what == "is not valid HTTP (it is malformed)"
