"""Opaque tokens are long and random, and only their digest is stored."""

import hashlib
import re

from tocsin.security.opaque_tokens import derive_hmac, digest_token, generate_token


def test_a_token_has_256_random_bits_and_fits_into_a_url() -> None:
    tokens = {generate_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_digest_is_sha_256_so_that_stored_tokens_stay_valid() -> None:
    assert digest_token("abc") == hashlib.sha256(b"abc").hexdigest()
    assert digest_token("abc") != digest_token("abd")


def test_any_text_has_a_digest() -> None:
    assert len(digest_token("\ud800 ü")) == len(digest_token("")) == 64


def test_an_hmac_depends_on_its_key_its_purpose_and_its_text() -> None:
    key = b"k" * 32
    derived = derive_hmac(key, "link", "text")
    assert derived == derive_hmac(key, "link", "text")
    others = [derive_hmac(b"l" * 32, "link", "text"), derive_hmac(key, "mail", "text"), derive_hmac(key, "link", "tex")]
    assert len({derived, *others}) == 4
