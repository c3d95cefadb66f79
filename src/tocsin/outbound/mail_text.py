"""Headers of mails, cleaned and written so that a reader gets just what was meant. Pure."""

import re
from email.header import Header
from email.policy import Policy
from urllib.parse import quote

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u206f]")
"""Embeddings, overrides and isolates: they would turn round what stands after them, a file name's ending say."""
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_SHORT_LINE = 76
_ENCODED_WORD = "=?"


def clean_line(text: str) -> str:
    """The text as it may stand on one line: control characters become spaces, those that turn its direction go.

    Joiners stay, of which emoji and some scripts are made.
    """
    return _SURROGATES.sub("\ufffd", _BIDI.sub("", _CONTROLS.sub(" ", text)))


def one_line(text: str) -> str:
    """The same with one space between words."""
    return " ".join(clean_line(text).split())


class ExactHeader(str):
    """A header's text together with the way in which it is written.

    The email package takes an ASCII text that looks like an encoded word (RFC 2047) for one, when it stores it and
    again when it writes it. A value with a `name` it leaves alone, and it writes what `fold` returns.
    """

    name: str
    written: str

    def __new__(cls, name: str, text: str, written: str) -> "ExactHeader":
        header = super().__new__(cls, text)
        header.name, header.written = name, written
        return header

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        lines = self.written.split("\n")
        return f"{self.name}: {policy.linesep.join(lines)}{policy.linesep}"


def unstructured_header(name: str, text: str) -> ExactHeader:
    """A header of free text, such as a subject: as it is if that is short and plain, else in encoded words."""
    text = clean_line(text).strip()
    plain = text.isascii() and _ENCODED_WORD not in text
    fits = len(name) + len(": ") + len(text) <= _SHORT_LINE
    return ExactHeader(name, text, text if plain and fits else encoded_words(name, text))


def encoded_words(name: str, text: str) -> str:
    """The text as encoded words of UTF-8 (RFC 2047), one a line; none of them cuts a character in two."""
    return Header(text, "utf-8", header_name=name).encode(linesep="\n")


def attachment_header(file_name: str) -> ExactHeader:
    """The Content-Disposition of a file whose name looks like an encoded word, in the way of RFC 2231."""
    written = f"attachment;\n filename*=utf-8''{quote(file_name, safe='')}"
    return ExactHeader("Content-Disposition", written, written)


def looks_encoded(text: str) -> bool:
    """Tell whether a reader may take this ASCII text for encoded words."""
    return _ENCODED_WORD in text
