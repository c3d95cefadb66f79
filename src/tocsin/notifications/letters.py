"""How the mails are written: plain text of 76 columns. Pure."""

import textwrap
from datetime import datetime

_WIDTH = 76
_LABEL = 17
Line = tuple[str, str]
"""A label and what it labels; without a label, a paragraph of its own that is never broken."""


def letter(opening: str, lines: list[Line], closing: str) -> str:
    """A plain-text mail: a greeting, what it is about, facts with their labels, what to do."""
    facts = "\n".join(_fact(label, value) for label, value in lines)
    return "\n\n".join(["Hello,", _wrapped(opening), facts, _wrapped(closing), "Tocsin\n"])


def _fact(label: str, value: str) -> str:
    return _wrapped(value, label.ljust(_LABEL), " " * _LABEL) if label else f"{value}\n"


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def time_text(moment: datetime) -> str:
    """A moment (UTC) as mails write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def shortened(text: str, limit: int) -> str:
    """The text, cut to so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def one_line(text: str) -> str:
    """The text without line breaks and other characters that cannot be printed."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())
