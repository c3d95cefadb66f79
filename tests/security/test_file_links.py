"""Links to files are valid only as signed, for their time, under the current key or a former one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.security.file_links import FileLink, FileLinks, LinkExpired, LinkInvalid
from tocsin.security.opaque_tokens import derive_hmac

KEY, OTHER = b"k" * 32, b"o" * 32
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
LINKS = FileLinks((KEY,), HOUR)


@given(st.text(min_size=1, max_size=60))
def test_a_link_names_its_file_and_the_time_of_its_issue(file_id: str) -> None:
    token, expires_at = LINKS.sign(file_id, NOW)
    assert LINKS.read(token, NOW + SECOND) == FileLink(file_id, NOW)
    assert expires_at == datetime(2026, 3, 1, 13, 0, 0, tzinfo=UTC)


def test_a_link_is_valid_until_just_before_its_end() -> None:
    token, expires_at = LINKS.sign("f", NOW)
    assert LINKS.read(token, expires_at - timedelta(milliseconds=1)).file_id == "f"
    with pytest.raises(LinkExpired):
        LINKS.read(token, expires_at)


def test_a_former_key_reads_and_does_not_sign() -> None:
    token, _ = FileLinks((OTHER,), HOUR).sign("f", NOW)
    both = FileLinks((KEY, OTHER), HOUR)
    assert both.read(token, NOW).file_id == "f"
    assert LINKS.read(both.sign("f", NOW)[0], NOW).file_id == "f"
    with pytest.raises(LinkInvalid):
        LINKS.read(token, NOW)


TOKEN, _ = LINKS.sign("alice/1", NOW)


@given(position=st.integers(0, len(TOKEN) - 1), character=st.sampled_from("aZ09._-~\ud800é"))
def test_a_changed_character_makes_a_link_invalid(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    if changed != TOKEN:
        with pytest.raises(LinkInvalid):
            LINKS.read(changed, NOW)


@pytest.mark.parametrize("token", ["", ".", "...", "a.b.c.d", "\ud800", TOKEN + "0" * 500], ids=range(6))
def test_other_text_is_no_link(token: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(token, NOW)


def test_a_signature_for_another_purpose_makes_no_link() -> None:
    text = TOKEN.rpartition(".")[0]
    with pytest.raises(LinkInvalid):
        LINKS.read(f"{text}.{derive_hmac(KEY, 'other', text)}", NOW)


def test_a_link_of_an_earlier_release_was_issued_its_lifetime_before_its_end() -> None:
    text = ".".join(TOKEN.split(".")[:2])  # without the time of its issue
    link = LINKS.read(f"{text}.{derive_hmac(KEY, 'file link', text)}", NOW)
    assert link == FileLink("alice/1", NOW.replace(microsecond=0))


def test_a_link_longer_than_any_real_one_is_not_even_verified() -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(LINKS.sign("f" * 500, NOW)[0], NOW)
