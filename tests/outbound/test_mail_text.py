"""Lines of mail headers: cleaned, and encoded exactly."""

from email import message_from_string, policy

from hypothesis import given
from hypothesis import strategies as st

from tocsin.outbound.mail_text import (
    clean_line,
    format_attachment_header,
    format_text_header,
    has_encoded_word,
    to_single_line,
)


def test_what_turns_the_direction_of_a_line_goes_and_joiners_stay() -> None:
    assert clean_line("\u202egpj.exe\u202c \u2066a\u2069 \u200dz\ud800") == "gpj.exe a \u200dz\ufffd"


@given(st.text())
def test_a_single_line_has_no_control_characters_and_single_spaces(text: str) -> None:
    line = to_single_line(text)
    assert line == " ".join(line.split())
    assert "\r" not in line
    assert "\n" not in line
    assert clean_line(line) == line


def test_a_short_plain_header_is_verbatim_and_any_other_is_encoded() -> None:
    assert format_text_header("Subject", "  two  spaces ").written == "two  spaces"
    for text in ("Gr\u00fc\u00dfe", "=?utf-8?q?hi?=", "x" * 70):
        written = format_text_header("Subject", text).written
        assert all(line.strip().startswith("=?utf-8?") and len(line) < 76 for line in written.split("\n"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=100))
def test_a_folded_header_is_read_back(text: str) -> None:
    header = format_text_header("Subject", text)
    folded = header.fold(policy=policy.SMTP)
    assert folded.count("\n") == folded.count("\r\n")
    assert message_from_string(folded + "\r\n", policy=policy.default)["Subject"] == str(header)


def test_a_file_name_that_looks_encoded_is_read_back() -> None:
    name = "=?utf-8?q?hi?= 100%.txt"
    assert has_encoded_word(name)
    header = format_attachment_header(name).fold(policy=policy.SMTP)
    assert message_from_string(header + "\r\n", policy=policy.default).get_filename() == name
