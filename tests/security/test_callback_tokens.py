"""Tokens of callback URLs: only those that this installation signed are read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tocsin.clock import EPOCH
from tocsin.security.callback_tokens import CallbackToken, CallbackTokenInvalid, CallbackTokens
from tocsin.security.file_links import FileLinks

KEY, OTHER = b"k" * 32, b"o" * 32
TOKENS = CallbackTokens((KEY,))
RUN_IDS = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
ATTEMPTS = some.integers(1, 100)
GENUINE = TOKENS.sign("alice/t1:7", 3)


@given(RUN_IDS, ATTEMPTS)
def test_a_token_names_its_run_and_attempt(run_id: str, attempt: int) -> None:
    token = TOKENS.sign(run_id, attempt)
    assert TOKENS.read(token) == CallbackToken(run_id, attempt)
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()  # needs no encoding in a URL


def test_a_former_key_still_reads_and_no_longer_signs() -> None:
    rotated = CallbackTokens((OTHER, KEY))
    assert rotated.read(GENUINE) == CallbackToken("alice/t1:7", 3)
    with pytest.raises(CallbackTokenInvalid):
        TOKENS.read(rotated.sign("alice/t1:7", 3))


@given(some.integers(0, len(GENUINE) - 1), some.characters())
def test_a_token_with_another_character_is_invalid(place: int, character: str) -> None:
    changed = GENUINE[:place] + character + GENUINE[place + 1 :]
    if changed != GENUINE:
        with pytest.raises(CallbackTokenInvalid):
            TOKENS.read(changed)


@given(some.integers(0, len(GENUINE) - 1))
def test_a_part_of_a_token_is_invalid(length: int) -> None:
    for part in (GENUINE[:length], GENUINE[len(GENUINE) - length :]):
        with pytest.raises(CallbackTokenInvalid):
            TOKENS.read(part)


@given(some.one_of(some.text(max_size=700), some.text(".abc123", max_size=40)))
def test_any_other_text_is_invalid(text: str) -> None:
    with pytest.raises(CallbackTokenInvalid):
        TOKENS.read(text)


def test_a_signature_for_something_else_is_invalid() -> None:
    link, _ = FileLinks((KEY,), timedelta(hours=1)).sign("alice/t1:7", EPOCH)
    for foreign in (link, CallbackTokens((OTHER,)).sign("alice/t1:7", 3)):
        with pytest.raises(CallbackTokenInvalid):
            TOKENS.read(foreign)
    said, signature = GENUINE.rsplit(".", 1)
    run, _ = said.split(".")
    with pytest.raises(CallbackTokenInvalid):
        TOKENS.read(f"{run}.4.{signature}")
