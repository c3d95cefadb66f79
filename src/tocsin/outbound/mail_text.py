"""Cleaning and exact encoding of mail headers. Pure."""

import re
from email.header import Header
from email.policy import Policy
from urllib.parse import quote

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u206f]")
"""Embeddings, overrides and isolates, which could reverse the text after them, such as a file name's extension."""
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_SHORT_LINE = 76
_ENCODED_WORD = "=?"


def clean_line(text: str) -> str:
    """Replace control characters by spaces, and remove those that change the text's direction.

    Joiners stay, since emoji and some scripts consist of them.
    """
    return _SURROGATES.sub("\ufffd", _BIDI.sub("", _CONTROLS.sub(" ", text)))


def to_single_line(text: str) -> str:
    """Clean the text and collapse white space to single spaces."""
    return " ".join(clean_line(text).split())


class PreformattedHeader(str):
    """A header's text together with its serialized form.

    The email package mistakes ASCII text that looks like an encoded word (RFC 2047) for one, when it stores it and
    again when it writes it. It leaves a value with a `name` alone, and writes what `fold` returns.
    """

    name: str
    written: str

    def __new__(cls, name: str, text: str, written: str) -> "PreformattedHeader":
        header = super().__new__(cls, text)
        header.name, header.written = name, written
        return header

    def fold(self, *, policy: Policy) -> str:
        """Serialize the header."""
        lines = self.written.split("\n")
        return f"{self.name}: {policy.linesep.join(lines)}{policy.linesep}"


def format_text_header(name: str, text: str) -> PreformattedHeader:
    """Return a free-text header, such as a subject: verbatim if it is short and plain, else in encoded words."""
    text = clean_line(text).strip()
    plain = text.isascii() and _ENCODED_WORD not in text
    fits = len(name) + len(": ") + len(text) <= _SHORT_LINE
    return PreformattedHeader(name, text, text if plain and fits else encode_words(name, text))


def encode_words(name: str, text: str) -> str:
    """Encode the text as UTF-8 encoded words (RFC 2047), one on each line, without splitting a character."""
    return Header(text, "utf-8", header_name=name).encode(linesep="\n")


def format_attachment_header(file_name: str) -> PreformattedHeader:
    """Return a Content-Disposition for a file name that looks like an encoded word, encoded as in RFC 2231."""
    written = f"attachment;\n filename*=utf-8''{quote(file_name, safe='')}"
    return PreformattedHeader("Content-Disposition", written, written)


def has_encoded_word(text: str) -> bool:
    """Tell whether a mail program may mistake this ASCII text for encoded words."""
    return _ENCODED_WORD in text
