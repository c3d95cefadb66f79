"""Cutting texts to the limits of services, which count in different units, between characters as users see them. Pure.

A text is cut before it is escaped, with the length that it will have, so that no escape is cut in half.
"""

import unicodedata
from collections.abc import Callable
from itertools import takewhile

ELLIPSIS = "…"
Measure = Callable[[str], int]
"""The length of a character in the unit of a limit."""
_JOINER = "\u200d"
_MAX_CLUSTER = 32
"""Code points of one character as users see it. Longer ones (accents without end) are cut anyway."""


def cut(text: str, limit: int, measure: Measure | None = None) -> str:
    """Return the text, or as much of it as fits within `limit` together with an ellipsis.

    The unit is that of `measure`, by default UTF-16 code units: at least as many as characters, whichever of both a
    service counts.
    """
    measure = measure or measure_utf16
    room, used, end = limit - measure(ELLIPSIS), 0, 0
    for index, character in enumerate(text):
        used += measure(character)
        if used <= room:
            end = index + 1
        if used > limit:
            return text[: _cluster_start(text, end)].rstrip() + ELLIPSIS
    return text


def measure_utf16(character: str) -> int:
    """Return the number of UTF-16 code units."""
    return 1 if character <= "\uffff" else 2


def measure_utf8(character: str) -> int:
    """Return the number of bytes in UTF-8."""
    return len(character.encode())


def measure_json(character: str) -> int:
    """Return the number of bytes in a JSON string."""
    if character in '"\\\b\f\n\r\t':
        return 2
    return len(character.encode()) if character >= " " else 6


def measure_escaped(escape: Callable[[str], str]) -> Measure:
    """Return the measure of UTF-16 code units after an escape of each character."""
    return lambda character: sum(map(measure_utf16, escape(character)))


def _cluster_start(text: str, end: int) -> int:
    """Return the last place up to `end` that is not within an emoji of several code points or an accented letter."""
    place = end
    while end - place < _MAX_CLUSTER and 0 < place < len(text) and _belong_together(text, place):
        place -= 1
    return place if place == 0 or not _belong_together(text, place) else end


def _belong_together(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if _is_flag_letter(before) and _is_flag_letter(after):
        return len(list(takewhile(_is_flag_letter, reversed(text[max(place - 1_000, 0) : place])))) % 2 == 1
    return before == _JOINER or after == _JOINER or _extends(after)


def _extends(character: str) -> bool:
    """Tell whether the character modifies the one before it: accents, variants, skin tones, tags."""
    return (
        unicodedata.category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
