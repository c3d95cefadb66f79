"""Excerpts from texts of users and servers: short, on one line, and without secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.documents import ErrorDocument, ErrorKind
from tocsin.notifications.excerpts import ErrorExcerpt, excerpt_message, excerpt_name, redact_url, truncate


@given(st.text(), st.integers(1, 50))
def test_a_text_is_cut_to_its_limit_and_no_shorter_than_needed(text: str, limit: int) -> None:
    cut = truncate(text, limit)
    assert len(cut) <= limit
    if len(text) <= limit:
        assert cut == text
    else:
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


def test_white_space_before_the_cut_is_removed() -> None:
    assert truncate("ab   cdef", 6) == "ab…"


@given(st.text())
def test_a_name_is_one_short_line(name: str) -> None:
    assert len(excerpt_name(name)) <= 80
    assert len(excerpt_name(name).splitlines()) <= 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("https://user:secret@example.org:8443/a?token=secret#secret", "https://example.org:8443/a"),
        ("https://sec@ret@example.org/", "https://example.org/"),
        ("http://[::1]:80/a?secret", "http://[::1]:80/a"),
        ("http://[secret", "(an invalid URL)"),
    ],
)
def test_urls_are_shown_without_their_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert excerpt_message(f"No answer from\n{url} yet") == f"No answer from {shown} yet"


def test_a_long_url_is_cut() -> None:
    assert len(redact_url("https://example.org/" + "a" * 1_000)) == 300


def test_a_url_ends_at_a_quote() -> None:
    assert (
        excerpt_message("'ftp://a.test/x?secret' and \"SSH://b.test?secret\"")
        == "'ftp://a.test/x' and \"ssh://b.test\""
    )


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a." * 100_000, "a" * 40 + "https://x.example/?token=s3cret " + "b" * 200_000]
)
def test_a_message_of_any_length_is_soon_read(text: str) -> None:
    """This once blocked the event loop for minutes. A test that never ends fails as well."""
    assert len(excerpt_message(text)) == 500
    assert "s3cret" not in excerpt_message(text)


def test_an_error_is_excerpted_with_its_hint() -> None:
    error: ErrorDocument = {"kind": ErrorKind.CONNECT, "message": "No\nanswer.", "hint": "See http://a.test/?key=1"}
    assert ErrorExcerpt.from_document(error) == ErrorExcerpt("No answer.", "See http://a.test/", ErrorKind.CONNECT)


def test_an_error_without_words_is_unknown() -> None:
    text = "The reason is unknown."
    assert ErrorExcerpt.from_document(None) == ErrorExcerpt(text, "")
    error: ErrorDocument = {"kind": ErrorKind.CONNECT, "message": " ", "hint": None}
    assert ErrorExcerpt.from_document(error) == ErrorExcerpt(text, "", ErrorKind.CONNECT)
