"""Patterns of hosts that secrets may be sent to: unusual spellings of hosts match only what they lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from tocsin.documents import ErrorKind
from tocsin.outbound.host_patterns import SecretHosts, covers_pattern, find_host_refusal, parse_host_pattern
from tocsin.outbound.urls import parse_url


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Hooks.Slack.com", "hooks.slack.com"),
        ("hooks.slack.com.", "hooks.slack.com"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("①⑨②.0.2.7", "192.0.2.7"),
        ("::1", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("localhost", "localhost"),
    ],
)
def test_hosts_are_written_as_they_are_called(text: str, pattern: str) -> None:
    assert parse_host_pattern(text) == pattern
    assert parse_host_pattern(pattern) == pattern


WRONG = [
    "", "*", "*.", "*.com", "*.*.com", "a*.example.com", "a.*.com", "https://example.com", "example.com:443",
    "example.com/path", "user@example.com", "example.com?x", "example.com#x", "exa mple.com", "a..b", ".example.com",
    "0x7f.1", "127.1", "*.1.2.3", "*.192.0.2.7", "example.com\\@evil.com", "a\n.com", "x" * 300 + ".com", "[::1]:80",
    "%31.com",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_anything_but_a_host_or_a_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_host_pattern(text)


ALLOWED = ["hooks.slack.com", "*.example.com", "192.0.2.7", "[2001:db8::1]", "xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/x",
        "https://HOOKS.slack.COM./services/x",
        "http://hooks.slack.com:8443/",
        "https://a.example.com/",
        "https://a.b.example.com./",
        "https://bücher.example/",
        "http://[2001:db8:0::1]/",
        "http://[::ffff:192.0.2.7]/",
    ],
)
def test_a_host_that_matches_is_allowed_in_every_spelling(url: str) -> None:
    assert find_host_refusal(_parse(url), [SecretHosts("s", ALLOWED)]) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://slack.com/",
        "https://evil.com/hooks.slack.com",
        "https://hooks.slack.com.evil.com/",
        "https://evilhooks.slack.com/",
        "https://a.hooks.slack.com/",
        "https://example.com/",
        "https://evil-example.com/",
        "https://xexample.com/",
        "http://192.0.2.77/",
        "http://192.0.2.8/",
        "https://hооks.slack.com/",  # noqa: RUF001  # Cyrillic letters
        "https://bucher.example/",
    ],
)
def test_other_hosts_are_refused_with_the_reason(url: str) -> None:
    refusal = find_host_refusal(_parse(url), [SecretHosts("other", ["*.com", *ALLOWED]), SecretHosts("s", ALLOWED)])
    assert refusal is not None
    assert refusal.kind is ErrorKind.SECRET_HOST
    assert "may not be sent to" in refusal.message


def test_every_secret_of_a_request_must_allow_its_host() -> None:
    one, two = SecretHosts("one", ["a.example"]), SecretHosts("two", ["b.example"])
    for url in ("https://a.example/", "https://b.example/"):
        assert find_host_refusal(_parse(url), [one, two]) is not None


@pytest.mark.parametrize("url", ["https://hooks.slack.com@evil.com/", "https://evil.com\\@hooks.slack.com/"])
def test_user_and_backslash_tricks_are_no_urls(url: str) -> None:
    assert isinstance(parse_url(url), str)


@pytest.mark.parametrize(
    ("wanted", "covered"),
    [("a.example.com", True), ("*.a.example.com", True), ("*.example.com", True), ("example.com", False)],
)
def test_a_pattern_covers_what_is_below_it(wanted: str, covered: bool) -> None:
    assert covers_pattern(["*.example.com"], wanted) is covered


labels = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=5).map(".".join)


@given(names, names)
def test_a_name_matches_a_wildcard_exactly_if_it_is_below_it(base: str, host: str) -> None:
    try:
        pattern, called = parse_host_pattern(f"*.{base}"), _parse(f"https://{host}/")
    except (ValueError, AssertionError):  # labels that IDNA refuses, such as xn--
        return
    matches = find_host_refusal(called, [SecretHosts("s", [pattern])]) is None
    assert matches is host.endswith(f".{base}")


def _parse(text: str) -> URL:
    parsed = parse_url(text)
    assert isinstance(parsed, URL), text
    return parsed
