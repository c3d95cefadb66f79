"""The parts of a response that are kept: headers, text and Retry-After. Pure."""

import codecs
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from encodings import normalize_encoding
from encodings.aliases import aliases

MASK = "***"
MAX_RECORDED_HEADER_BYTES = 16_384
_RETRY_AFTER_DIGITS = 9
_MARKS = (("utf-8", codecs.BOM_UTF8), ("utf-16-be", codecs.BOM_UTF16_BE), ("utf-16-le", codecs.BOM_UTF16_LE))
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
    charset, mark = next((known for known in _MARKS if body.startswith(known[1])), (_charset(content_type), b""))
    decoder = codecs.getincrementaldecoder(charset)("replace")
    return decoder.decode(body[len(mark) :], final=whole)


def select_content_type(values: Sequence[str]) -> str | None:
    """Return the last of the content types that were sent, as the Fetch standard demands."""
    return values[-1] if values else None


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
