"""The parts of a response that are kept: its body up to a limit, as text, its headers, and its Retry-After."""

import asyncio
import codecs
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from encodings import normalize_encoding
from encodings.aliases import aliases

from aiohttp import ClientPayloadError, StreamReader
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from tocsin.outbound.content_codings import BodyDecoder, DecodingError, make_body_decoder
from tocsin.outbound.protocol import read_unread_bytes

MASK = "***"
MAX_RECORDED_HEADER_BYTES = 16_384
_RETRY_AFTER_DIGITS = 9
_MARKS = (("utf-8", codecs.BOM_UTF8), ("utf-16-be", codecs.BOM_UTF16_BE), ("utf-16-le", codecs.BOM_UTF16_LE))
_MARK_BYTES = tuple(mark for _, mark in _MARKS)
# Codecs for plain text. Python's others (utf-7, idna, unicode_escape) can yield text that cannot be stored.
_CHARSETS = (
    {
        "ascii",
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "gb2312",
        "gbk",
    }
    | {
        "gb18030",
        "big5",
        "big5hkscs",
        "shift_jis",
        "cp932",
        "euc_jp",
        "iso2022_jp",
        "euc_kr",
        "cp949",
        "tis-620",
    }
    | {"koi8-r", "koi8-u", "mac-roman", "cp437", "cp850", "cp866", "cp874"}
    | {f"iso8859-{part}" for part in range(1, 17)}
    | {f"cp125{part}" for part in range(9)}
)


class IncomingResponse:
    """A response whose head is complete, and the connection that its body is read from."""

    def __init__(self, message: RawResponseMessage, content: StreamReader, connection: Connection) -> None:
        self.status = message.code
        self.headers = message.headers
        self.raw_headers = message.raw_headers
        self.content = content
        self._connection = connection

    def release(self) -> None:
        """Keep the connection for the next request if the response has been received to its end, else close it."""
        if self.content.is_eof():
            self._connection.release()
        else:
            self._connection.close()


async def read_body(response: IncomingResponse, body: bytearray, limit: int) -> bool:
    """Append at most `limit` bytes to `body`, and return whether there were more.

    Raises aiohttp.ClientError, OSError or DecodingError; `body` then holds what was received until then.
    """
    content, headers = response.content, response.headers
    if "Content-Encoding" in headers or "Transfer-Encoding" in headers:
        codings = headers.getall("Content-Encoding", ()), headers.getall("Transfer-Encoding", ())
        if (decoding := make_body_decoder(*codings, limit)) is not None:
            return await _read_coded(response, body, limit, decoding)
    try:
        while not content.at_eof():
            body += await content.readany()
            if _cut(body, limit):
                return True
    except ClientPayloadError:
        body += read_unread_bytes(content)
        _cut(body, limit)
        raise
    return False


async def _read_coded(response: IncomingResponse, body: bytearray, limit: int, decoding: BodyDecoder) -> bool:
    is_longer = await _decode_content(response.content, body, limit, decoding)
    content_type = response.headers.get("Content-Type")
    if decoding.has_ignored_coding and "\ufffd" in decode_body(bytes(body), content_type, whole=not is_longer):
        body.clear()
        raise DecodingError("has an unknown content coding, and is not text")
    return is_longer


async def _decode_content(content: StreamReader, body: bytearray, limit: int, decoding: BodyDecoder) -> bool:
    while not content.at_eof():
        for piece in decoding.decode(await content.readany()):
            body += piece
            if _cut(body, limit):
                return True
            await asyncio.sleep(0)  # a small response can take long to decode
        if decoding.exceeded:
            return True
    decoding.finish()
    return False


def _cut(body: bytearray, limit: int) -> bool:
    is_longer = len(body) > limit
    del body[limit:]
    return is_longer


def record_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return the response's headers in their order and case, at most 16 kB of them, with cookies masked."""
    kept: list[tuple[str, str]] = []
    room = MAX_RECORDED_HEADER_BYTES
    for raw_name, raw_value in raw:
        room -= len(raw_name) + len(raw_value)
        if room < 0:
            break
        name = raw_name.decode("utf-8", "replace")
        kept.append((name, MASK if name.lower() == "set-cookie" else raw_value.decode("utf-8", "replace")))
    return kept


def decode_body(body: bytes, content_type: str | None, *, whole: bool) -> str:
    """Decode `body` by its byte order mark, else by the charset of its content type if that is known, else as UTF-8.

    The mark is dropped (https://encoding.spec.whatwg.org/#decode), and invalid bytes become U+FFFD. Unless this is the
    `whole` body, an incomplete character at its end is dropped.
    """
    charset, mark = _find_mark(body) or (_charset(content_type), b"")
    if charset == "utf-8" and whole:  # nearly always, and several times as fast
        return body[len(mark) :].decode(errors="replace")
    if charset == "utf-16" or (charset == "utf-32" and not body.startswith(codecs.BOM_UTF32_BE)):
        charset += "-le"  # as browsers do; without a mark, the decoders of the general names fail
    return codecs.getincrementaldecoder(charset)("replace").decode(body[len(mark) :], final=whole)


def _find_mark(body: bytes) -> tuple[str, bytes] | None:
    if not body.startswith(_MARK_BYTES):
        return None
    return next(known for known in _MARKS if body.startswith(known[1]))


def max_retry_after(values: Sequence[str], now: datetime) -> timedelta | None:
    """Return the longest wait that the Retry-After headers ask for."""
    return max((wait for value in values if (wait := parse_retry_after(value, now)) is not None), default=None)


def parse_retry_after(value: str, now: datetime) -> timedelta | None:
    """Parse a Retry-After header, in seconds or as an HTTP date (RFC 9110 section 10.2.3), into a wait."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:_RETRY_AFTER_DIGITS]))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))


def _charset(content_type: str | None) -> str:
    if content_type is None or "charset" not in content_type.lower():
        return "utf-8"
    message = Message()
    message["Content-Type"] = content_type
    return _NAMES.get(_normalize(str(message.get_param("charset", "utf-8"))), "utf-8")


def _normalize(name: str) -> str:
    return normalize_encoding(name.lower())


def _names() -> dict[str, str]:
    """Map all names of the charsets to codecs. `codecs.lookup` would cache any other name from a server for ever."""
    known: dict[str, str] = {}
    for alias, module in (aliases | dict.fromkeys(_CHARSETS, "") | dict.fromkeys(aliases.values(), "")).items():
        with suppress(LookupError):  # available on Windows only
            if (name := codecs.lookup(module or alias).name) in _CHARSETS:
                known[_normalize(alias)] = name
    return known


_NAMES = _names()
