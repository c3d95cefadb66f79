"""Texts of users on a terminal, which would obey the control characters in them."""

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tabs and line feeds, and what turns the direction of the text after it."""


def escaped_text(text: str) -> str:
    """The text with `\\x1b` and the like for what a terminal would obey; lines stay lines."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))
