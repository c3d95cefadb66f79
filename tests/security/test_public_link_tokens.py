"""Tokens of public links: only the holder of the key can make one, for one kind of link."""

import re

import pytest

from tocsin.security.public_link_tokens import PublicLinkTokens, generate_serial

TOKENS = PublicLinkTokens((b"a" * 32,))
SERIAL = "c2VyaWFsLW9mLWEtbGluaw"


def test_a_token_is_read_as_its_kind_only() -> None:
    token = TOKENS.sign("STATUS", SERIAL)
    assert re.fullmatch(r"[\w-]{44}", token, re.ASCII)
    assert TOKENS.read("STATUS", token) == SERIAL
    assert TOKENS.read("TRIGGER", token) is None


def test_a_former_key_opens_and_the_first_one_signs() -> None:
    both = PublicLinkTokens((b"b" * 32, b"a" * 32))
    assert both.read("STATUS", TOKENS.sign("STATUS", SERIAL)) == SERIAL
    assert TOKENS.read("STATUS", both.sign("STATUS", SERIAL)) is None


@pytest.mark.parametrize("at", range(44))
def test_every_changed_letter_makes_it_invalid(at: int) -> None:
    token = TOKENS.sign("STATUS", SERIAL)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert TOKENS.read("STATUS", changed) is None


@pytest.mark.parametrize("token", ["", "a", "a" * 44, "ä" * 44, "\ud800" * 44, "a" * 100_000], ids=len)
def test_other_texts_are_no_tokens(token: str) -> None:
    assert TOKENS.read("STATUS", token) is None


def test_serials_are_random() -> None:
    serials = {generate_serial() for _ in range(100)}
    assert len(serials) == 100
    assert all(re.fullmatch(r"[\w-]{22}", serial, re.ASCII) for serial in serials)
