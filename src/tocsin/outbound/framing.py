"""Checks that a response ends where every reader would end it (RFC 9112, section 6.3). Pure.

The parser is lenient with servers. A connection on which a response ends ambiguously is not reused: the server, or a
proxy in between, may attribute other bytes to the next response than we do.
"""

from aiohttp import HttpVersion11
from aiohttp.hdrs import CONTENT_LENGTH, TRANSFER_ENCODING
from aiohttp.http import RawResponseMessage

TAIL_LENGTH = 7
"""Bytes at the end of a chunked body that `has_plain_last_chunk` checks."""
_NO_CONTENT = 204


def is_framing_unambiguous(message: RawResponseMessage) -> bool:
    """Tell whether the head states the length of the response in exactly one way."""
    headers, code = message.headers, message.code
    if code < 200 or code == _NO_CONTENT:
        return CONTENT_LENGTH not in headers and TRANSFER_ENCODING not in headers
    if TRANSFER_ENCODING in headers:
        codings = [coding.strip().lower() for coding in headers.getall(TRANSFER_ENCODING)]
        return codings == ["chunked"] and CONTENT_LENGTH not in headers and message.version == HttpVersion11
    if CONTENT_LENGTH not in headers:
        return True
    lengths = headers.getall(CONTENT_LENGTH)
    return len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit()


def has_irregular_line_break(before: bytes, head: bytes) -> bool:
    """Tell whether a line of the head ends without a carriage return, or is folded.

    `before` are the bytes that precede this part of the head.
    """
    seen = before[-1:] + head
    return head.count(b"\n") != seen.count(b"\r\n") or b"\n " in seen or b"\n\t" in seen


def has_plain_last_chunk(end: bytes) -> bool:
    """Tell whether these bytes end a chunked body with a plain last chunk, without trailers."""
    return end == b"0\r\n\r\n" or end.endswith(b"\r\n0\r\n\r\n")
