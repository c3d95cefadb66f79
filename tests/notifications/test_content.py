"""The content of notifications as a structure."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.content import Button, MailContent, Tone, format_error, format_time
from tocsin.notifications.excerpts import ErrorExcerpt

TEXTS = st.text(max_size=40)
CONTENTS = st.builds(
    MailContent,
    tone=st.sampled_from(Tone),
    headline=TEXTS,
    opening=TEXTS,
    facts=st.lists(st.tuples(TEXTS, TEXTS), max_size=4),
    closing=TEXTS,
    button=st.none() | st.builds(Button, TEXTS, TEXTS),
)


def content(**changes: Any) -> MailContent:
    return MailContent(**{"headline": "It failed.", "facts": [("Due:", "now")], "closing": "Bye.", **changes})


@given(CONTENTS)
def test_a_content_comes_back_from_the_database_as_it_was(given_content: MailContent) -> None:
    stored = decode(encode({"content": given_content.clean().document}))
    assert MailContent.from_document(stored["content"]) == given_content.clean()


def test_notes_are_not_stored_and_the_latest_comes_first() -> None:
    noted = content().with_note("one").with_note("two")
    assert noted.notes == ("two", "one")
    assert MailContent.from_document(noted.document) == content()


@pytest.mark.parametrize("field", ["headline", "opening", "closing", "facts"])
def test_clean_parts_are_one_line_of_limited_length_in_reading_direction(field: str) -> None:
    dirty = "a\r\n\x1b[31m\u202eb " + "x" * 10_000
    clean = content(**{field: [("Due:", dirty)] if field == "facts" else dirty}).clean()
    value = clean.facts[0][1] if field == "facts" else getattr(clean, field)
    assert value.startswith("a [31mb xxx")
    assert value.endswith("x…")
    assert len(value) == 2_000


@pytest.mark.parametrize(
    ("changes", "preview"),
    [
        ({"facts": [("Error:", "503"), ("Hint:", "wait")], "opening": "Retried."}, "503"),
        ({"opening": "Retried."}, "Retried."),
        ({}, "It failed."),
    ],
)
def test_the_preview_is_what_the_subject_does_not_say(changes: dict[str, Any], preview: str) -> None:
    assert content(**changes).preview == preview


def test_an_error_without_a_hint_has_one_fact() -> None:
    assert format_error(ErrorExcerpt("It failed.", "")) == [("Error:", "It failed.")]
    assert format_error(ErrorExcerpt("It failed.", "Wait.")) == [("Error:", "It failed."), ("Hint:", "Wait.")]


def test_times_are_in_utc_without_fractions() -> None:
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)) == "2 Jan 2026, 03:04:05 UTC"


def test_the_plain_text_has_neither_the_closing_nor_ids() -> None:
    facts = [("Error:", "It failed."), ("Run:", "UnVuOjE=")]
    whole = MailContent(
        headline="A task failed.", opening="Look.", facts=facts, advice="Wait.", closing="No more mails."
    )
    assert whole.plain_text == "A task failed. Look.\nError: It failed.\nWait."
    assert MailContent(headline="A task failed.", facts=[], closing="No more mails.").plain_text == "A task failed."


def test_a_mail_ends_with_the_advice_and_the_closing() -> None:
    assert MailContent(headline="", facts=[], advice="Wait.", closing="Bye.").last_paragraph == "Wait. Bye."
    stored = MailContent(headline="", facts=[], advice="Wait.", closing="Bye.").document
    assert MailContent.from_document(stored).last_paragraph == "Wait. Bye."
