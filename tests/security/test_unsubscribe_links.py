"""Links by which mails are turned off: signed, for about a year, over key rotations."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.security.file_links import FileLinks, LinkExpired, LinkInvalid
from tocsin.security.unsubscribe_links import LIFETIME, UnsubscribeLink, UnsubscribeLinks, digest_mailbox

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
LINKS = UnsubscribeLinks((OLD,))
LINK = UnsubscribeLink("65f0c0ffee", "BEGAN_FAILING", digest_mailbox("ops@example.org"))
PART = st.text("abcXYZ019_-", max_size=40)


@given(PART, PART, PART)
def test_a_link_says_what_it_was_signed_for(user: str, kind: str, mailbox: str) -> None:
    link = UnsubscribeLink(user, kind, mailbox)
    assert LINKS.read(LINKS.sign(link, NOW), NOW) == link


@given(st.data())
def test_a_link_that_was_changed_in_any_place_is_no_link(data: st.DataObject) -> None:
    token = LINKS.sign(LINK, NOW)
    place = data.draw(st.integers(0, len(token)))
    changed = token[:place] + data.draw(st.text(max_size=3)) + token[data.draw(st.integers(place, len(token))) :]
    if changed != token:
        with pytest.raises(LinkInvalid):
            LINKS.read(changed, NOW)


@pytest.mark.parametrize("token", ["", ".", "....", "é.ü", "x" * 10_000, "\udc80.\udc80"])
def test_what_is_no_token_is_no_link(token: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(token, NOW)


def test_a_link_works_for_a_year_and_then_has_expired() -> None:
    token = LINKS.sign(LINK, NOW)
    assert LINKS.read(token, NOW + timedelta(days=365)) == LINK
    with pytest.raises(LinkExpired):
        LINKS.read(token, NOW + LIFETIME)


def test_links_outlast_a_rotation_of_keys() -> None:
    token = LINKS.sign(LINK, NOW)
    assert UnsubscribeLinks((NEW, OLD)).read(token, NOW) == LINK
    with pytest.raises(LinkInvalid):
        UnsubscribeLinks((NEW,)).read(token, NOW)
    with pytest.raises(LinkInvalid):
        LINKS.read(UnsubscribeLinks((NEW, OLD)).sign(LINK, NOW), NOW)


def test_a_link_to_a_file_is_not_one_to_turn_mails_off() -> None:
    token, _ = FileLinks((OLD,), timedelta(days=1)).sign("u1/f1", NOW)
    with pytest.raises(LinkInvalid):
        LINKS.read(token, NOW)


def test_parts_that_would_be_read_otherwise_are_not_signed() -> None:
    with pytest.raises(ValueError, match="consists of letters"):
        LINKS.sign(UnsubscribeLink("u1.APPROVAL", "BEGAN_FAILING"), NOW)


def test_the_digest_of_a_mailbox_does_not_depend_on_case() -> None:
    assert digest_mailbox("Ops@Example.org") == digest_mailbox("ops@example.org") != digest_mailbox("ops@example.com")
