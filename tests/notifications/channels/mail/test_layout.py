"""The layout of mails."""

import textwrap
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    append_unsubscribe,
    format_text,
    insert_link,
    insert_page_address,
    prepend_note,
)
from tocsin.notifications.content import Button, MailContent

TEXT = """\
Hello,

Something happened. It is over.

Error:           none
Hint:            words words words words words words words words words words
                 words words words words words
Open:            {page}

That is all.

Tocsin
"""
LINK_TEXT = """\
Hello,

A note.

Something happened.

{link}

Valid until:     noon

That is all.

Tocsin
"""
WORDS = st.text("abc é-", min_size=1, max_size=300).filter(str.strip)


def content(headline: str = "Something happened.", **changes: Any) -> MailContent:
    return MailContent(headline=headline, **{"facts": [("Error:", "none")], "closing": "That is all.", **changes})


def test_a_mail_has_an_opening_labelled_facts_a_page_and_a_closing() -> None:
    facts = [("Error:", "none"), ("Hint:", "words " * 15)]
    assert format_text(content(opening="It is over.", facts=facts, button=Button("Open it", "Open:"))) == TEXT


def test_a_secret_link_is_a_paragraph_before_the_facts() -> None:
    mail = content(facts=[("Valid until:", "noon")], button=Button("Open it"), notes=["A note."])
    assert format_text(mail) == LINK_TEXT


@given(WORDS, WORDS, WORDS)
def test_lines_stay_narrow_and_lose_no_word(opening: str, value: str, closing: str) -> None:
    text = format_text(content(opening, facts=[("Label:", value)], closing=closing))
    assert all(len(line) <= 76 or " " not in line.strip().removeprefix("Label:").strip() for line in text.splitlines())
    assert text.split() == f"Hello, {opening} Label: {value} {closing} Tocsin".split()


def test_only_the_placeholder_that_is_a_paragraph_is_the_link() -> None:
    link = "https://tocsin.test/" + "x" * 100
    text = format_text(content("{link} {page}", facts=[("To:", "{link}")], button=Button("Open it")))
    assert insert_link(text, link) == text.replace("\n\n{link}\n\n", f"\n\n{link}\n\n")
    assert insert_link(text, link).count("{link}") == 2
    assert insert_link("Open {link}.", link) == "Open {link}."


def test_only_the_last_placeholder_is_the_page() -> None:
    assert insert_page_address("{page} and {page}.", "/x") == "{page} and /x."
    assert PAGE_PLACEHOLDER not in insert_page_address("Open: {page}", "/x")
    assert insert_page_address("no page", "/x") == "no page"


def test_a_note_is_the_first_paragraph_and_is_wrapped() -> None:
    note = "a note of many words " * 6
    wrapped = textwrap.fill(note.strip(), 76)
    assert prepend_note("Hello,\n\nbye. Hello,\n\n", note) == f"Hello,\n\n{wrapped}\n\nbye. Hello,\n\n"


def test_the_link_that_turns_mails_off_is_the_end() -> None:
    address = "https://tocsin.test/unsubscribe/" + "x" * 100
    text = append_unsubscribe(TEXT, "You get a mail when something happens, " + "and then " * 9 + "so.", address)
    assert text.startswith(f"{TEXT}\nYou get a mail when something happens, and then ")
    assert text.endswith(f"\n{address}\n")
    assert max(map(len, text.removesuffix(f"{address}\n").splitlines())) <= 76
