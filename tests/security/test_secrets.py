import os
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.security.secrets import SecretBox, SecretUnreadable

KEY = bytes(range(32))
BOX = SecretBox(KEY)


@settings(max_examples=50)
@given(st.text(), st.text(alphabet=string.hexdigits, min_size=1))
def test_what_is_sealed_opens_again(text: str, owner: str) -> None:
    assert BOX.open(BOX.seal(text, owner), owner) == text


def test_sealed_is_printable_versioned_and_never_the_same() -> None:
    first, second = BOX.seal("s3cret", "alice"), BOX.seal("s3cret", "alice")
    assert first != second
    assert first.startswith("v1:")
    assert first.isascii()
    assert first.isprintable()
    assert "s3cret" not in first


def test_another_owner_cannot_open_it() -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open(BOX.seal("s3cret", "alice"), "bob")


def test_another_key_cannot_open_it() -> None:
    with pytest.raises(SecretUnreadable):
        SecretBox(os.urandom(32)).open(BOX.seal("s3cret", "alice"), "alice")


@pytest.mark.parametrize("place", [3, 20, -5])
def test_a_changed_character_is_noticed(place: int) -> None:
    sealed = list(BOX.seal("s3cret", "alice"))
    sealed[place] = "A" if sealed[place] != "A" else "B"
    with pytest.raises(SecretUnreadable):
        BOX.open("".join(sealed), "alice")


@pytest.mark.parametrize("garbage", ["", "v1:", "v1:AAAA", "v2:AAAA", "v1:no base64", "s3cret", "v1:ä"])
def test_garbage_is_unreadable(garbage: str) -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open(garbage, "alice")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SecretBox(b"short")
