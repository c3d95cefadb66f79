"""Sealed texts open for their owner and with their key only, however the keys have changed since."""

import os
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretBox, SecretUnreadable, find_key_id

KEY = bytes(range(32))
BOX = SecretBox(KEY)


@settings(max_examples=50)
@given(st.text(), st.text(alphabet=string.hexdigits, min_size=1))
def test_what_is_sealed_opens_again(text: str, owner: str) -> None:
    assert BOX.unseal_without_reload(BOX.seal(text, owner), owner) == text


def test_sealed_is_printable_versioned_and_never_the_same() -> None:
    first, second = BOX.seal("s3cret", "alice"), BOX.seal("s3cret", "alice")
    assert first != second
    assert first.startswith("v1:")
    assert first.isascii()
    assert first.isprintable()
    assert "s3cret" not in first


def test_another_owner_cannot_open_it() -> None:
    with pytest.raises(SecretUnreadable):
        BOX.unseal_without_reload(BOX.seal("s3cret", "alice"), "bob")


def test_another_key_cannot_open_it() -> None:
    with pytest.raises(SecretUnreadable):
        SecretBox(os.urandom(32)).unseal_without_reload(BOX.seal("s3cret", "alice"), "alice")


@pytest.mark.parametrize("place", [3, 20, -5])
def test_a_changed_character_is_noticed(place: int) -> None:
    sealed = list(BOX.seal("s3cret", "alice"))
    sealed[place] = "A" if sealed[place] != "A" else "B"
    with pytest.raises(SecretUnreadable):
        BOX.unseal_without_reload("".join(sealed), "alice")


GARBAGE = [
    "", "v1:", "v1:AAAA", "v2:AAAA", "v1:no base64", "s3cret", "v1:ä", f"v1:{'A' * 41}", f"v1:{'A' * 37}=",
    f"v3:{'A' * 40}",
    f"v2:{'0' * 16}:{'A' * 40}", f"v2:{'0' * 15}:{'A' * 40}", f"v2:{'F' * 16}:{'A' * 40}", f"v2:v1:{'A' * 40}",
    f"v2::{'A' * 40}", f"v1:{'A' * 40}\n", f"v1:{'é' * 40}",
]  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_unreadable(garbage: str) -> None:
    with pytest.raises(SecretUnreadable):
        BOX.unseal_without_reload(garbage, "alice")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SecretBox(b"short")


KIDS = [f"{number:016x}" for number in range(5)]
KEYS = {kid: bytes([number + 1]) * 32 for number, kid in enumerate(KIDS)}


def test_it_names_its_key() -> None:
    box = SecretBox(KEY)
    first = box.seal("s3cret", "alice")
    box.set_keys(KEYS, KIDS[0])
    second = box.seal("s3cret", "alice")
    assert second.startswith(f"v2:{KIDS[0]}:")
    assert [find_key_id(text) for text in (first, second, "s3cret", "v1:", "")] == [
        OPERATOR_KEY_ID,
        KIDS[0],
        None,
        None,
        None,
    ]
    assert second.isascii()
    assert second.isprintable()
    for text in (first, second):
        assert box.unseal_without_reload(text, "alice") == "s3cret"
        with pytest.raises(SecretUnreadable):
            box.unseal_without_reload(text, "bob")


def test_another_name_does_not_open_it() -> None:
    box = SecretBox(KEY)
    box.set_keys(KEYS, KIDS[0])
    sealed = box.seal("s3cret", "alice")
    for name in (f"v2:{KIDS[1]}:", "v1:", "v2:ffffffffffffffff:"):
        with pytest.raises(SecretUnreadable):
            box.unseal_without_reload(sealed.replace(f"v2:{KIDS[0]}:", name), "alice")


def test_an_unknown_key_cannot_open_it() -> None:
    box = SecretBox(KEY)
    box.set_keys(KEYS, KIDS[0])
    with pytest.raises(SecretUnreadable):
        BOX.unseal_without_reload(box.seal("s3cret", "alice"), "alice")


def test_of_several_keys_of_the_operator_the_first_seals_and_all_open() -> None:
    old, new = os.urandom(32), os.urandom(32)
    before, between, after = SecretBox(old), SecretBox(new, [old]), SecretBox(new)
    assert between.unseal_without_reload(before.seal("s3cret", "alice"), "alice") == "s3cret"
    assert after.unseal_without_reload(between.seal("s3cret", "alice"), "alice") == "s3cret"
    with pytest.raises(SecretUnreadable):
        before.unseal_without_reload(between.seal("s3cret", "alice"), "alice")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sets(st.sampled_from(KIDS), min_size=1), st.integers(0, 4)), min_size=1, max_size=6))
def test_whatever_was_sealed_opens_whatever_keys_came_since(changes: list[tuple[set[str], int]]) -> None:
    box, sealed = SecretBox(KEY), [SecretBox(KEY).seal("0", "alice")]
    for number, (known, choice) in enumerate(changes, 1):
        sealing = sorted(known)[choice % len(known)]
        box.set_keys({kid: KEYS[kid] for kid in known}, sealing)
        sealed.append(box.seal(str(number), "alice"))
        assert find_key_id(sealed[-1]) == sealing
    assert [box.unseal_without_reload(text, "alice") for text in sealed] == [
        str(number) for number in range(len(sealed))
    ]


async def test_an_unknown_key_is_looked_for() -> None:
    sealer, opener = SecretBox(KEY), SecretBox(KEY)
    sealer.set_keys(KEYS, KIDS[0])
    asked = []

    async def learn() -> None:
        asked.append(KIDS[0])
        opener.set_keys(KEYS, OPERATOR_KEY_ID)

    sealed = sealer.seal("s3cret", "alice")
    with pytest.raises(SecretUnreadable):
        await opener.unseal(sealed, "alice")
    opener.reload_keys = learn
    assert [await opener.unseal(sealed, "alice") for _ in range(2)] == ["s3cret"] * 2
    assert len(asked) == 1


async def test_without_a_keyring_there_is_nothing_to_reload() -> None:
    await BOX.reload_keys()
    assert BOX.unseal_without_reload(BOX.seal("s3cret", "alice"), "alice") == "s3cret"
