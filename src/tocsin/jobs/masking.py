"""Masking of secrets that a target echoes in its response. Pure.

A secret is found in plain form and in base64 (also within something longer), and either of them JSON-, HTML- or
percent-encoded, up to twice. The text is decoded and searched, rather than the secret encoded, because encoders differ
in which characters they escape; none escapes letters and digits. This does not stop a target that hides a secret
deliberately.
"""

import codecs
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tocsin.jobs.masking_forms import forms_of, secret_values
from tocsin.outbound.answers import MASK

SHORTEST = 4  # characters; masking shorter values would shred bodies, and so reveal the values
_MOST = 10_000  # occurrences of one secret in a text; if there are more, the whole text is masked
_NESTED_UP_TO = 1024 * 1024  # characters of a text that is searched for double encodings
_WINDOW = 256 * 1024  # characters searched at a time, so that a searching thread lets others run in between
_GROWTH = 12  # times that HTML or JSON, applied twice, makes a text longer at most
_LONGEST_ESCAPE = 40

_ALIKE = re.compile(r"[A-Za-z0-9]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")

Span = tuple[int, int]
Look = Callable[[str, str], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class _Encoding:
    """An encoding of characters: `escapes` matches a run of escapes, `broken` one that is cut off at the end."""

    sign: str
    escapes: re.Pattern[str]
    broken: re.Pattern[str]
    decode: Callable[[str], str]


_JSON_ESCAPES = {'\\"': '"', "\\'": "'", "\\/": "/", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


def _from_json(escapes: str) -> str:
    if (simple := _JSON_ESCAPES.get(escapes)) is not None:
        return simple
    if escapes.startswith("\\x"):
        return chr(int(escapes[2:], 16))
    decoded: str = json.loads(f'"{escapes}"')
    return decoded


def _from_html(escape: str) -> str:
    return "&" if escape == "&amp;" else html.unescape(escape)


def _from_percent(escapes: str) -> str:
    # Incremental: a character with missing bytes at the end is dropped.
    return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes.fromhex(escapes.replace("%", "")))


_ENCODINGS = (
    _Encoding(
        "\\",
        re.compile(r"""\\(?:u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*|["'/\\bfnrt]|x[0-9A-Fa-f]{2})"""),
        # Half of a surrogate pair is broken as well.
        re.compile(r"(?:\\u[dD][89abAB][0-9A-Fa-f]{2})?(?:\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?)?\Z"),
        _from_json,
    ),
    _Encoding(
        "&",
        re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"),
        re.compile(r"&[#0-9A-Za-z]{0,32}\Z"),
        _from_html,
    ),
    _Encoding("%", re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"), re.compile(r"%[0-9A-Fa-f]?\Z"), _from_percent),
)


@dataclass(frozen=True, slots=True)
class _Needle:
    """A text to find. `anchor` is the longest part that no encoding changes, `varies` whether any changes the text."""

    text: str
    anchor: str
    varies: bool


class Masker:
    """Masks the secrets of a request in texts. `headers` are the request headers with secret values."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        values = {value for header in headers for value in secret_values(*header) if len(value) >= SHORTEST}
        # If a value contains another one, masking that one is enough.
        least = [value for value in values if not any(other in value for other in values - {value})]
        forms = {form for value in least for form in forms_of(value) if len(form) >= SHORTEST}
        self._needles = [_needle(form) for form in sorted(forms)]
        self._longest = max(map(len, forms), default=0)

    def __bool__(self) -> bool:
        return bool(self._needles)

    def mask(self, text: str, *, cut: bool = False) -> str:
        """Replace each secret in `text` with `***`. Text that was `cut` off may end within a secret."""
        spans = list(_spans(text, self._needles, _places, 2 if len(text) <= _NESTED_UP_TO else 1))
        if cut:
            begin = max(len(text) - _GROWTH * self._longest, 0)
            tail = _spans(text[begin:], self._needles, _beginning, 2)
            spans += [(begin + start, begin + end) for start, end in tail]
        return _replaced(text, _merged(spans))


def _needle(text: str) -> _Needle:
    anchor = max(_ALIKE.findall(text), key=len, default="")
    return _Needle(text, anchor, varies=_UNRESERVED.fullmatch(text) is None)


def _spans(text: str, needles: Sequence[_Needle], look: Look, nesting: int) -> Iterator[Span]:
    for needle in needles:
        yield from look(text, needle.text)
    whole = look is _places
    changed = [needle for needle in needles if needle.varies and (not whole or needle.anchor in text)]
    for encoding in _ENCODINGS if changed and nesting else ():
        if encoding.sign in text:
            yield from _encoded(text, encoding, changed, look, nesting)


def _encoded(text: str, encoding: _Encoding, needles: Sequence[_Needle], look: Look, nesting: int) -> Iterator[Span]:
    broken = encoding.broken.search(text, max(len(text) - _LONGEST_ESCAPE, 0)) if look is _beginning else None
    kept = text[: broken.start()] if broken else text
    decoded = encoding.escapes.sub(lambda match: encoding.decode(match[0]), kept)
    if decoded == text:
        return
    place = _Alignment(kept, encoding)
    for start, end in _merged(_spans(decoded, needles, look, nesting - 1)):
        first, last = place.of(start)[0], place.of(end - 1)[1]
        yield first, len(text) if look is _beginning else last


class _Alignment:
    """Maps indexes of a decoded text to the encoded one."""

    def __init__(self, text: str, encoding: _Encoding) -> None:
        self._matches = encoding.escapes.finditer(text)
        self._decode = encoding.decode
        self._longer = 0  # offset of the encoded text from the decoded one, before `_escape`
        self._escape: tuple[Span, Span] | None = ((0, 0), (0, 0))

    def of(self, index: int) -> Span:
        """Return the span of the decoded character at `index`, or of its run of escapes. Indexes must ascend."""
        while self._escape is not None and index >= self._escape[0][1]:
            self._longer = self._escape[1][1] - self._escape[0][1]
            self._escape = self._next()
        if self._escape is not None and index >= self._escape[0][0]:
            return self._escape[1]
        return index + self._longer, index + self._longer + 1

    def _next(self) -> tuple[Span, Span] | None:
        match = next(self._matches, None)
        if match is None:
            return None
        start = match.start() - self._longer
        return (start, start + len(self._decode(match[0]))), match.span()


def _places(text: str, needle: str) -> Iterator[Span]:
    """Yield all occurrences of `needle` in `text`."""
    found = 0
    for begin in range(0, len(text), _WINDOW):
        end = begin + _WINDOW + len(needle) - 1
        at = text.find(needle, begin, end)
        while at >= 0:
            found += 1
            if found > _MOST:
                yield 0, len(text)
                return
            yield at, at + len(needle)
            at = text.find(needle, at + 1, end)


def _beginning(text: str, needle: str) -> Iterator[Span]:
    """Yield the longest prefix of `needle` that `text` ends with."""
    tail = max(len(text) - len(needle) + 1, 0)
    at = text.find(needle[:SHORTEST], tail)
    while at >= 0:
        if needle.startswith(text[at:]):
            yield at, len(text)
            return
        at = text.find(needle[:SHORTEST], at + 1)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sort the spans and merge those that touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _replaced(text: str, spans: Sequence[Span]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], MASK]
        done = end
    return "".join([*pieces, text[done:]])
