# ruff: noqa: RUF001  # look-alikes are what is tested
"""Normalisation: every spelling of an address has the same canonical form."""

import unicodedata
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.accounts import normalise_email
from tocsin.errors import InvalidInput

LOCAL = st.from_regex(
    r"[A-Za-z0-9äöüÉñａＺﬁſKİϓｶ][A-Za-z0-9äöüÉñａＺﬁſKİϓｶﾞ]{0,19}(\.[A-Za-z0-9_+-]{1,10})?", fullmatch=True
)
DOMAIN = st.sampled_from(
    ["example.com", "Example.ORG", "bücher.de", "XN--BCHER-KVA.de", "mail.example.co.uk", "a.test"]
)
Form = Literal["NFC", "NFD"]
FORMS: st.SearchStrategy[Form] = st.sampled_from(["NFC", "NFD"])
EMAILS = st.builds("{}@{}".format, LOCAL, DOMAIN)


@settings(deadline=None, max_examples=50)
@given(EMAILS)
def test_the_normal_form_is_its_own(email: str) -> None:
    normal = normalise_email(email)
    assert normalise_email(normal) == normal
    assert normal == normal.lower()
    assert unicodedata.is_normalized("NFKC", normal)


@settings(deadline=None, max_examples=50)
@given(EMAILS, st.sampled_from([str.upper, str.lower, str.swapcase, str.title]), FORMS)
def test_case_and_composition_do_not_matter(email: str, change: Callable[[str], str], form: Form) -> None:
    local, _, domain = email.partition("@")
    typed = unicodedata.normalize(form, f" {change(local)}@{domain.upper()} ")
    assert normalise_email(typed) == normalise_email(email)


@pytest.mark.parametrize(
    "typed",
    [
        "ａlice@example.com",
        "ＡＬＩＣＥ＠ＥＸＡＭＰＬＥ．ＣＯＭ",
        "𝐚𝐥𝐢𝐜𝐞@example.com",
        "ⓐlice@example。com",
        "al\u2170ce@example.com",
        "\u00a0alice@example.com\u3000",
    ],
)
def test_what_looks_like_an_address_is_that_address(typed: str) -> None:
    assert normalise_email(typed) == "alice@example.com"


HIDDEN = "\u00ad \u034f \u115f \ufe0f \U000e0100 \u200d \u2060 \u202e \x00"


@pytest.mark.parametrize("hidden", HIDDEN.split(" "))
def test_an_address_has_no_invisible_characters(hidden: str) -> None:
    with pytest.raises(InvalidInput):
        normalise_email(f"al{hidden}ice@example.com")


def test_a_domain_has_one_form() -> None:
    assert normalise_email("A@XN--BCHER-KVA.de") == normalise_email("a@bücher.DE") == "a@bücher.de"


def test_254_characters_are_the_most() -> None:
    longest = "a" * 64 + "@" + ".".join(["b" * 60, "c" * 60, "d" * 60, "com"])
    longest = longest.replace("com", "c" * (254 - len(longest) + 3))
    assert len(longest) == 254
    assert normalise_email(longest) == longest
    with pytest.raises(InvalidInput, match="at most 254"):
        normalise_email("x" + longest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "alice",
        "alice@",
        "@example.com",
        "a b@example.com",
        "a@b",
        "a@localhost",
        "a@[127.0.0.1]",
        "a..b@x.org",
        "Alice <a@x.org>",
        "a@x.org\nBcc: b@x.org",
        "a\0@x.org",
        "\ud800@x.org",
        "a@x.org,b@x.org",
        "x" * 100_000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_email(text)
    assert caught.value.path == ("email",)


def test_the_error_has_the_path_that_the_caller_gives() -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_email("alice", "to")
    assert caught.value.path == ("to",)
