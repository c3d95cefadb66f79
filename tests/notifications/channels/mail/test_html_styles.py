"""The colors of mails: legible in light and dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import pytest

from tocsin.notifications.channels.mail.html_styles import DARK, LIGHT, Palette, style_sheet

TEXTS = [
    ("ink", "paper"), ("faint", "paper"), ("accent", "paper"), ("bad", "paper"), ("alert", "paper"),
    ("good", "paper"), ("ink", "note"), ("on_action", "action"),
]  # fmt: skip
MARKS = [("failure", "paper"), ("warning", "paper"), ("notice", "paper"), ("success", "paper"), ("action", "paper")]
GMAIL_LIMIT = 8_192
"""Gmail ignores a longer style sheet."""


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(palette: Palette, one: str, other: str) -> float:
    dark, light = sorted((luminance(getattr(palette, one)), luminance(getattr(palette, other))))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_marks_have_the_contrast_of_level_aa(palette: Palette) -> None:
    faint = {pair: contrast(palette, *pair) for pair in TEXTS if contrast(palette, *pair) < 4.5}
    weak = {pair: contrast(palette, *pair) for pair in MARKS if contrast(palette, *pair) < 3}
    assert (faint, weak) == ({}, {})


def test_the_style_sheet_is_short_enough_for_each_mail_program() -> None:
    assert len(style_sheet()) < GMAIL_LIMIT
    assert "url(" not in style_sheet()
    assert "@import" not in style_sheet()
