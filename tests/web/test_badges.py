"""Badges as they are drawn."""

from xml.etree import ElementTree as ET

import pytest

from tocsin.public_links.status import PublicState
from tocsin.web.badges import draw_badge

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: str) -> list[str | None]:
    return [each.text for each in ET.fromstring(drawn).iter(f"{SVG}text")]


@pytest.mark.parametrize("state", PublicState, ids=lambda state: state.name)
def test_every_state_has_its_word_and_fits(state: PublicState) -> None:
    root = ET.fromstring(draw_badge("a label", state))
    assert texts(draw_badge("a label", state)) == ["a label", state.value]
    ends = [int(each.get("x", "0")) + int(each.get("textLength", "0")) for each in root.iter(f"{SVG}text")]
    assert max(ends) < int(root.get("width", "0"))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("<script>\"&'", "<script>\"&'"),
        ("a" * 61, "a" * 59 + "…"),
        ("bell\x07\x00\ufffe", "bell\ufffd\ufffd\ufffd"),
        ("日本語 ü 😀", "日本語 ü 😀"),
    ],
    ids=["markup", "long", "not XML", "not ASCII"],
)
def test_any_label_is_well_formed(label: str, shown: str) -> None:
    drawn = draw_badge(label, PublicState.PASSING)
    assert texts(drawn)[0] == shown
    assert "<script" not in drawn


def test_wide_letters_take_more_room() -> None:
    widths = [int(ET.fromstring(draw_badge(label, PublicState.PASSING)).get("width", "0")) for label in ("ill", "WWW")]
    assert widths[0] < widths[1]
