"""What is kept of an answer: its headers, its text, and when to come back. Pure."""

import codecs
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from encodings import normalize_encoding
from encodings.aliases import aliases

MASK = "***"
HEADERS_LIMIT = 16_384
_RETRY_AFTER_DIGITS = 9
_MARKS = (("utf-8", codecs.BOM_UTF8), ("utf-16-be", codecs.BOM_UTF16_BE), ("utf-16-le", codecs.BOM_UTF16_LE))
# Codecs for plain text; others of Python's (utf-7, idna, unicode_escape) can yield what cannot be stored.
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


def recorded_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The answer's headers in their order and case, at most 16 kB of them. Cookies are masked."""
    kept: list[tuple[str, str]] = []
    room = HEADERS_LIMIT
    for raw_name, raw_value in raw:
        room -= len(raw_name) + len(raw_value)
        if room < 0:
            break
        name = raw_name.decode("utf-8", "replace")
        kept.append((name, MASK if name.lower() == "set-cookie" else raw_value.decode("utf-8", "replace")))
    return kept


def decode_body(body: bytes, content_type: str | None, *, whole: bool) -> str:
    """`body` as text, by its byte order mark, by the charset of its content type if that is a known one, else UTF-8.

    The mark is left out (https://encoding.spec.whatwg.org/#decode). What is invalid becomes U+FFFD. A character that
    was cut off at the end, when this is not the `whole` body, is left out.
    """
    charset, mark = next((known for known in _MARKS if body.startswith(known[1])), (_charset(content_type), b""))
    decoder = codecs.getincrementaldecoder(charset)("replace")
    return decoder.decode(body[len(mark) :], final=whole)


def media_type(values: Sequence[str]) -> str | None:
    """The content type among all that were sent: the last, as the Fetch standard says."""
    return values[-1] if values else None


def longest_wait(values: Sequence[str], now: datetime) -> timedelta | None:
    """Return the wait that the Retry-After headers ask for: the longest of them."""
    return max((wait for value in values if (wait := parse_retry_after(value, now)) is not None), default=None)


def parse_retry_after(value: str, now: datetime) -> timedelta | None:
    """How long to wait according to a Retry-After header, seconds or an HTTP date (RFC 9110 section 10.2.3)."""
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
    return _NAMES.get(_normal(str(message.get_param("charset", "utf-8"))), "utf-8")


def _normal(name: str) -> str:
    return normalize_encoding(name.lower())


def _names() -> dict[str, str]:
    """All names of the charsets. `codecs.lookup` would remember any other name that a server gives, for ever."""
    known: dict[str, str] = {}
    for alias, module in (aliases | dict.fromkeys(_CHARSETS, "") | dict.fromkeys(aliases.values(), "")).items():
        with suppress(LookupError):  # one that only Windows has
            if (name := codecs.lookup(module or alias).name) in _CHARSETS:
                known[_normal(alias)] = name
    return known


_NAMES = _names()
