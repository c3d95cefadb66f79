"""Masking of secrets that a target echoes in its response. Pure.

A secret is found in plain form and in base64 (also within something longer), and either of them JSON-, HTML- or
percent-encoded, up to twice. The text is decoded and searched, rather than the secret encoded, because encoders differ
in which characters they escape; none escapes letters and digits. This does not stop a target that hides a secret
deliberately.
"""

import base64
import binascii
import codecs
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from tocsin.outbound.responses import MASK

MIN_SECRET_LENGTH = 4  # characters; masking shorter values would shred bodies, and so reveal the values
_MAX_OCCURRENCES = 10_000  # occurrences of one secret in a text; if there are more, the whole text is masked
_MAX_NESTED_LENGTH = 1024 * 1024  # characters of a text that is searched for double encodings
_WINDOW_LENGTH = 256 * 1024  # characters searched at a time, so that a searching thread lets others run in between
_MAX_GROWTH = 12  # times that HTML or JSON, applied twice, makes a text longer at most
_MAX_ESCAPE_LENGTH = 40
_MAX_COOKIES = 50  # of one Cookie header whose values are masked separately
_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Encoding:
    """An encoding of characters: `escapes` matches a run of escapes, `broken` one that is cut off at the end."""

    sign: str
    escapes: re.Pattern[str]
    broken: re.Pattern[str]
    decode: Callable[[str], str]


_JSON_ESCAPES = {'\\"': '"', "\\'": "'", "\\/": "/", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


def _decode_json(escapes: str) -> str:
    if (simple := _JSON_ESCAPES.get(escapes)) is not None:
        return simple
    if escapes.startswith("\\x"):
        return chr(int(escapes[2:], 16))
    decoded: str = json.loads(f'"{escapes}"')
    return decoded


def _decode_html(escape: str) -> str:
    return "&" if escape == "&amp;" else html.unescape(escape)


def _decode_percent(escapes: str) -> str:
    # Incremental: a character with missing bytes at the end is dropped.
    return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes.fromhex(escapes.replace("%", "")))


_ENCODINGS = (
    _Encoding(
        "\\",
        re.compile(r"""\\(?:u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*|["'/\\bfnrt]|x[0-9A-Fa-f]{2})"""),
        # Half of a surrogate pair is broken as well.
        re.compile(r"(?:\\u[dD][89abAB][0-9A-Fa-f]{2})?(?:\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?)?\Z"),
        _decode_json,
    ),
    _Encoding(
        "&",
        re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"),
        re.compile(r"&[#0-9A-Za-z]{0,32}\Z"),
        _decode_html,
    ),
    _Encoding("%", re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"), re.compile(r"%[0-9A-Fa-f]?\Z"), _decode_percent),
)


@dataclass(frozen=True, slots=True)
class _Needle:
    """A text to find. `anchor` is the longest part that no encoding changes, `varies` whether any changes the text."""

    text: str
    anchor: str
    varies: bool


class SecretMasker:
    """Masks the secrets of a request in texts. `headers` are the request headers with secret values."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        values = {value for header in headers for value in _find_secret_values(*header)}
        # A value that contains another one is searched too: what surrounds the other one in it is secret as well.
        forms = {form for value in values for form in _echoed_forms(value) if len(form) >= MIN_SECRET_LENGTH}
        self._needles = [_make_needle(form) for form in sorted(forms)]
        self._longest = max(map(len, forms), default=0)

    def __bool__(self) -> bool:
        return bool(self._needles)

    def mask(self, text: str, *, cut: bool = False) -> str:
        """Replace each secret in `text` with `***`. Text that was `cut` off may end within a secret."""
        nesting = 2 if len(text) <= _MAX_NESTED_LENGTH else 1
        spans = list(_find_spans(text, self._needles, nesting, at_cut=False))
        if cut:
            begin = max(len(text) - _MAX_GROWTH * self._longest, 0)
            tail = _find_spans(text[begin:], self._needles, 2, at_cut=True)
            spans += [(begin + start, begin + end) for start, end in tail]
        return _replace_spans(text, _merge_spans(spans))


def _make_needle(text: str) -> _Needle:
    anchor = max(_ALPHANUMERIC.findall(text), key=len, default="")
    return _Needle(text, anchor, varies=_UNRESERVED.fullmatch(text) is None)


def _find_spans(text: str, needles: Sequence[_Needle], nesting: int, *, at_cut: bool) -> Iterator[Span]:
    """Yield the spans of the needles in `text`, which is decoded up to `nesting` times.

    With `at_cut`, only the beginning of a needle at the end of the text is searched for.
    """
    find = _find_cut_prefix if at_cut else _find_all
    for needle in needles:
        yield from find(text, needle.text)
    changed = [needle for needle in needles if needle.varies and (at_cut or needle.anchor in text)]
    for encoding in _ENCODINGS if changed and nesting else ():
        if encoding.sign in text:
            yield from _find_encoded_spans(text, encoding, changed, nesting, at_cut=at_cut)


def _find_encoded_spans(
    text: str, encoding: _Encoding, needles: Sequence[_Needle], nesting: int, *, at_cut: bool
) -> Iterator[Span]:
    broken = encoding.broken.search(text, max(len(text) - _MAX_ESCAPE_LENGTH, 0)) if at_cut else None
    kept = text[: broken.start()] if broken else text
    decoded = encoding.escapes.sub(lambda match: encoding.decode(match[0]), kept)
    if decoded == text:
        return
    alignment = _Alignment(kept, encoding)
    for start, end in _merge_spans(_find_spans(decoded, needles, nesting - 1, at_cut=at_cut)):
        first, last = alignment.encoded_span(start)[0], alignment.encoded_span(end - 1)[1]
        yield first, len(text) if at_cut else last


class _Alignment:
    """Maps indexes of a decoded text to the encoded one."""

    def __init__(self, text: str, encoding: _Encoding) -> None:
        self._matches = encoding.escapes.finditer(text)
        self._decode = encoding.decode
        self._offset = 0  # offset of the encoded text from the decoded one, before `_escape`
        self._escape: tuple[Span, Span] | None = ((0, 0), (0, 0))

    def encoded_span(self, index: int) -> Span:
        """Return the span of the decoded character at `index`, or of its run of escapes. Indexes must ascend."""
        while self._escape is not None and index >= self._escape[0][1]:
            self._offset = self._escape[1][1] - self._escape[0][1]
            self._escape = self._next_escape()
        if self._escape is not None and index >= self._escape[0][0]:
            return self._escape[1]
        return index + self._offset, index + self._offset + 1

    def _next_escape(self) -> tuple[Span, Span] | None:
        match = next(self._matches, None)
        if match is None:
            return None
        start = match.start() - self._offset
        return (start, start + len(self._decode(match[0]))), match.span()


def _find_all(text: str, needle: str) -> Iterator[Span]:
    """Yield all occurrences of `needle` in `text`."""
    found = 0
    for begin in range(0, len(text), _WINDOW_LENGTH):
        end = begin + _WINDOW_LENGTH + len(needle) - 1
        at = text.find(needle, begin, end)
        while at >= 0:
            found += 1
            if found > _MAX_OCCURRENCES:
                yield 0, len(text)
                return
            yield at, at + len(needle)
            at = text.find(needle, at + 1, end)


def _find_cut_prefix(text: str, needle: str) -> Iterator[Span]:
    """Yield the longest prefix of `needle` that `text` ends with."""
    tail = max(len(text) - len(needle) + 1, 0)
    at = text.find(needle[:MIN_SECRET_LENGTH], tail)
    while at >= 0:
        if needle.startswith(text[at:]):
            yield at, len(text)
            return
        at = text.find(needle[:MIN_SECRET_LENGTH], at + 1)


def _merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Sort the spans and merge those that touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _replace_spans(text: str, spans: Sequence[Span]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], MASK]
        done = end
    return "".join([*pieces, text[done:]])


def _find_secret_values(name: str, value: str) -> Iterator[str]:
    """Yield the parts of a secret header that may be echoed separately: the credentials of an authorization, the
    password of a basic one, the values of cookies. If none is long enough, yield the whole value.
    """
    whole = value.strip()
    parts = [part for part in _find_parts(name.lower(), whole) if len(part) >= MIN_SECRET_LENGTH]
    yield from parts or ([whole] if len(whole) >= MIN_SECRET_LENGTH else [])


def _find_parts(name: str, value: str) -> Iterator[str]:
    if name in _CREDENTIALS:
        scheme, _, credentials = value.partition(" ")
        yield credentials.strip()
        if scheme.lower() == "basic":
            yield from _basic_credentials(credentials)
    elif name == "cookie":
        for pair in islice(value.split(";"), _MAX_COOKIES):
            yield pair.partition("=")[2].strip(' "')


def _echoed_forms(value: str) -> Iterator[str]:
    """Yield `value`, its form encoding, UTF-8 read as Latin-1 and the reverse, and the part of its base64 that does not
    depend on what surrounds it.
    """
    raw = value.encode()
    yield value
    yield value.replace(" ", "+")
    yield raw.decode("latin-1")
    with suppress(UnicodeEncodeError):
        yield value.encode("latin-1").decode(errors="replace")
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        certain = encoded[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
        yield certain
        yield certain.replace("+", "-").replace("/", "_")


def _basic_credentials(credentials: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(credentials.strip()).decode()
    except (binascii.Error, ValueError):
        return
    user, _, password = decoded.partition(":")
    secret = password or user  # an API key may be given as the user, without a password
    yield secret if len(secret) >= MIN_SECRET_LENGTH else decoded
