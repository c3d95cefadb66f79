"""Parsing of email addresses: accepted ones, their normalization, and the errors for others."""

import pytest

from tocsin.outbound.email_addresses import parse_address, parse_distinct_addresses, parse_domain


@pytest.mark.parametrize(
    ("text", "spelled", "is_public"),
    [
        ("Alice@Example.ORG", "Alice@example.org", True),
        (" a@x.org ", "a@x.org", True),
        ("a@XN--BCHER-KVA.de", "a@bücher.de", True),
        ("ju\u0308rgen@x.org", "jürgen@x.org", True),
        ("a@x.test", "a@x.test", True),
        ("root@MailHost", "root@mailhost", False),
        ("ops@corp.local", "ops@corp.local", False),
        ("root@localhost", "root@localhost", False),
    ],
)
def test_an_address_has_one_spelling(text: str, spelled: str, is_public: bool) -> None:
    found = parse_address(text)
    assert (str(found), found.is_public) == (spelled, is_public)
    assert parse_address(spelled) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "alice", "a@", "@x.org", "a@b@c", "a b@x.org", "a@x y.org", "a@[127.0.0.1]", '"a b"@x.org'),
        *("Alice <a@x.org>", "a@x.org,b@x.org", "a@x.org\r\nBcc: b@x.org", "a\0@x.org", "\ud800@x.org", "a@-x.org"),
        *("a..b@x.org", "${{ inputs.to }}", "x" * 64 + "@" + "y" * 200 + ".org"),
    ],
)
def test_what_is_not_an_address_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not an email address such as name@example\.com: .|at most 254 characters"
    ):
        parse_address(text)


def test_each_address_is_kept_once_in_its_order() -> None:
    given = ["b@x.org", "a@X.org", "a@x.ORG", "A@x.org", "b@x.org", "a@xn--bcher-kva.de", "a@BÜCHER.de"]
    assert parse_distinct_addresses(given) == ["b@x.org", "a@x.org", "A@x.org", "a@bücher.de"]


def test_a_domain_has_one_spelling() -> None:
    assert [parse_domain(text) for text in ("XN--BCHER-KVA.de", " Example.ORG", "any")] == [
        "bücher.de",
        "example.org",
        "any",
    ]
