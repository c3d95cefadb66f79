"""Badges as SVG, and the form of shields.io's endpoint badges. Pure."""

import json
import re
from html import escape

from tocsin.public_links.status import PublicState

_HEIGHT = 20
_PADDING = 7
_LABEL_GROUND = "#3a3244"
_GROUNDS = {
    PublicState.PASSING: "#1c7a45",
    PublicState.FAILING: "#b3261e",
    PublicState.LATE: "#8a5a00",
    PublicState.MISSED: "#8a5a00",
    PublicState.PAUSED: "#655f70",
    PublicState.CANCELLED: "#655f70",
    PublicState.NEVER_RUN: "#655f70",
}
"""Colors on which white text has a contrast of more than 5:1."""
_SHIELDS_COLORS = {
    PublicState.PASSING: "brightgreen",
    PublicState.FAILING: "red",
    PublicState.LATE: "yellow",
    PublicState.MISSED: "yellow",
    PublicState.PAUSED: "lightgrey",
    PublicState.CANCELLED: "lightgrey",
    PublicState.NEVER_RUN: "lightgrey",
}
_MAX_LABEL_LENGTH = 60
_NARROW, _WIDE = "iIjl.,:;'|!()[]{} ", "mwMW@%"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot contain, not even escaped. A name may."""
_FONT = "Verdana, Geneva, 'DejaVu Sans', sans-serif"


def draw_badge(label: str, state: PublicState) -> str:
    """Return the badge: the label, and the state as a word on a ground of its color."""
    label = _NOT_XML.sub("\ufffd", label)
    label = label if len(label) <= _MAX_LABEL_LENGTH else f"{label[: _MAX_LABEL_LENGTH - 1]}…"
    left, right = _text_width(label), _text_width(state.value)
    split, width = left + 2 * _PADDING, left + right + 4 * _PADDING
    said = escape(f"{label}: {state.value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}" '
        f'role="img" aria-label="{said}"><title>{said}</title>'
        f'<clipPath id="round"><rect width="{width}" height="{_HEIGHT}" rx="4"/></clipPath>'
        f'<g clip-path="url(#round)"><rect width="{split}" height="{_HEIGHT}" fill="{_LABEL_GROUND}"/>'
        f'<rect x="{split}" width="{width - split}" height="{_HEIGHT}" fill="{_GROUNDS[state]}"/></g>'
        f'<g fill="#fff" font-family="{_FONT}" font-size="11" text-rendering="geometricPrecision">'
        f"{_draw_text(label, _PADDING, left)}{_draw_text(state.value, split + _PADDING, right)}</g></svg>\n"
    )


def describe_for_shields(label: str, state: PublicState) -> str:
    """Return the badge for https://shields.io/badges/endpoint-badge, which draws it."""
    badge = {
        "schemaVersion": 1,
        "label": label,
        "message": state.value,
        "color": _SHIELDS_COLORS[state],
        "isError": state is PublicState.FAILING,
    }
    return json.dumps(badge, ensure_ascii=False)


def _draw_text(text: str, x: int, width: int) -> str:
    """Return a text that has this width in any font."""
    return f'<text x="{x}" y="14" textLength="{width}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _text_width(text: str) -> int:
    """Return about the width of a text in pixels, in Verdana of 11 pixels."""
    return round(sum(map(_letter_width, text)))


def _letter_width(letter: str) -> float:
    if not letter.isascii():
        return 11.0 if ord(letter) >= 0x1100 else 7.0
    if letter in _NARROW:
        return 4.0
    if letter in _WIDE:
        return 10.5
    return 7.6 if letter.isupper() else 6.7
