"""The layout of mails."""

import textwrap
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    format_error,
    format_mail,
    format_time,
    insert_page_address,
    prepend_note,
)
from tocsin.notifications.excerpts import ErrorExcerpt

TEXT = """\
Hello,

Something happened.

Error:           none
https://example.org/a-long-link-that-is-never-wrapped-because-it-could-not-be-opened-then

Hint:            words words words words words words words words words words
                 words words words words words

That is all.

Tocsin
"""
LINK = "https://example.org/a-long-link-that-is-never-wrapped-because-it-could-not-be-opened-then"
WORDS = st.text("abc é-", min_size=1, max_size=300).filter(str.strip)


def test_a_mail_has_an_opening_labelled_facts_and_a_closing() -> None:
    facts = [("Error:", "none"), ("", LINK), ("Hint:", "words " * 15)]
    assert format_mail("Something happened.", facts, "That is all.") == TEXT


@given(WORDS, WORDS, WORDS)
def test_lines_stay_narrow_and_lose_no_word(opening: str, value: str, closing: str) -> None:
    text = format_mail(opening, [("Label:", value)], closing)
    assert all(len(line) <= 76 or " " not in line.strip().removeprefix("Label:").strip() for line in text.splitlines())
    assert text.split() == f"Hello, {opening} Label: {value} {closing} Tocsin".split()


def test_only_the_last_placeholder_is_the_page() -> None:
    assert insert_page_address("{page} and {page}.", "/x") == "{page} and /x."
    assert PAGE_PLACEHOLDER not in insert_page_address("Open: {page}", "/x")
    assert insert_page_address("no page", "/x") == "no page"


def test_a_note_is_the_first_paragraph_and_is_wrapped() -> None:
    note = "a note of many words " * 6
    wrapped = textwrap.fill(note.strip(), 76)
    assert prepend_note("Hello,\n\nbye. Hello,\n\n", note) == f"Hello,\n\n{wrapped}\n\nbye. Hello,\n\n"


def test_an_error_without_a_hint_has_one_fact() -> None:
    assert format_error(ErrorExcerpt("It failed.", "")) == [("Error:", "It failed.")]
    assert format_error(ErrorExcerpt("It failed.", "Wait.")) == [("Error:", "It failed."), ("Hint:", "Wait.")]


def test_times_are_in_utc_without_fractions() -> None:
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
