"""The layout of mails: plain text of 76 columns. Pure."""

import textwrap
from datetime import datetime

from tocsin.notifications.excerpts import ErrorExcerpt

PAGE_PLACEHOLDER = "{page}"
"""A placeholder, as the last of the facts, for the address of the page that the delivery's `link` names."""
_GREETING = "Hello,\n\n"
_WIDTH = 76
_LABEL_WIDTH = 17
Fact = tuple[str, str]
"""A label and its value. Without a label, the value is a separate paragraph that is never wrapped."""


def format_mail(opening: str, lines: list[Fact], closing: str) -> str:
    """Return a plain-text mail: a greeting, the opening, labelled facts, and the closing."""
    facts = "\n".join(_format_fact(label, value) for label, value in lines)
    return _GREETING + "\n\n".join([_wrap(opening), facts, _wrap(closing), "Tocsin\n"])


def insert_page_address(text: str, address: str) -> str:
    """Replace the last placeholder by the address of the page. Others are text from a user."""
    before, placeholder, after = text.rpartition(PAGE_PLACEHOLDER)
    return f"{before}{address}{after}" if placeholder else text


def prepend_note(text: str, note: str) -> str:
    """Insert a paragraph before all others of a mail."""
    return text.replace(_GREETING, f"{_GREETING}{_wrap(note)}\n\n", 1)


def split_mail(text: str) -> tuple[str, list[str], str]:
    """Return the opening, the facts and the closing of a mail as `format_mail` wrote it, each on one line."""
    _, opening, *facts, closing, _ = text.split("\n\n")
    lines: list[str] = []
    for line in "\n".join(facts).splitlines():
        if line.startswith(" " * _LABEL_WIDTH) and lines:
            lines[-1] += f" {line.strip()}"
        elif line:
            lines.append(f"{line[:_LABEL_WIDTH].rstrip()} {line[_LABEL_WIDTH:]}")
    return _unwrap(opening), lines, _unwrap(closing)


def format_error(error: ErrorExcerpt) -> list[Fact]:
    """Return the facts about an error."""
    return [("Error:", error.message), *([("Hint:", error.hint)] if error.hint else [])]


def format_time(moment: datetime) -> str:
    """Format a time (UTC) for a mail."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _format_fact(label: str, value: str) -> str:
    return _wrap(value, label.ljust(_LABEL_WIDTH), " " * _LABEL_WIDTH) if label else f"{value}\n"


def _unwrap(text: str) -> str:
    return " ".join(text.split("\n"))


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
