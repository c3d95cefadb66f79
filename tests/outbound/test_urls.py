# ruff: noqa: RUF001  # homographs are among the tricks
import re
import string
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from tocsin.outbound.host_patterns import parse_host_pattern
from tocsin.outbound.urls import (
    MAX_URL_LENGTH,
    display_authority,
    origin,
    parse_target_key,
    parse_url,
    resolve_redirect,
    show_url,
    target_key,
)

PIECES = st.sampled_from([
    "http://", "HTTPS://", "/", "\\", "@", ":", "80", "#", "?", "[", "]", "::1", "127.0.0.1", "0x7f", "1", ".", "。",
    "１", "②", "good.example", "%31", "%25lo", "xn--", "ß", "é", "\t", " ", "\u200b", "-", "_", "ſ",
])  # fmt: skip
URLS = st.lists(PIECES, max_size=8).map("".join).map("http://".__add__)


@given(URLS | st.text())
def test_what_may_be_called_is_read_alike_by_another_parser(text: str) -> None:
    url = parse_url(text)
    if isinstance(url, str):
        assert url.endswith(".")
        return
    other = urlsplit(str(url))
    host = (url.raw_host or "").lower()
    assert (other.scheme, other.hostname, other.port or {"http": 80, "https": 443}[other.scheme]) == origin(url)
    assert (other.username, other.password) == (None, None)
    if ":" in host or re.search(r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?$", host):
        ip_address(host)  # raises ValueError unless it is a plain one
    else:
        assert re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", host)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example", "http://a.example:80/x?y#z"),
        ("https://A.example/", "HTTPS://a.EXAMPLE:443"),
        ("http://bücher.example", "http://xn--bcher-kva.example/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_the_same_origin_however_it_is_written(one: str, other: str) -> None:
    first, second = parse_url(one), parse_url(other)
    assert isinstance(first, URL)
    assert isinstance(second, URL)
    assert origin(first) == origin(second)


@pytest.mark.parametrize(
    "other", ["https://a.example", "http://a.example:8080", "http://b.example", "http://a.example."]
)
def test_other_origins(other: str) -> None:
    assert origin(URL("http://a.example")) != origin(URL(other))


def test_a_place_is_named_as_it_is_called() -> None:
    assert display_authority(URL("http://bücher.example/x")) == "xn--bcher-kva.example:80"
    assert display_authority(URL("https://[::1]/x")) == "[::1]:443"


# As serialized by the URL standard: https://url.spec.whatwg.org/#url-serializing
SERIALIZED = [
    ("http://a.example", "http://a.example/"),
    ("HTTP://A.example:80/", "http://a.example/"),
    ("https://a.example:443/x", "https://a.example/x"),
    ("http://a.example:0081", "http://a.example:81/"),
    ("http://a.example/a?", "http://a.example/a?"),
    ("http://a.example?", "http://a.example/?"),
    ("http://a.example/a?#", "http://a.example/a?"),
    ("http://a.example/a#?b", "http://a.example/a"),
    ("http://a.example/a?b#c", "http://a.example/a?b"),
    ("http://a.example/a??", "http://a.example/a??"),
    ("http://a.example/{a}\"<b>`^|", "http://a.example/%7Ba%7D%22%3Cb%3E%60%5E|"),
    ("http://a.example/?{a}\"<b>`^|'", "http://a.example/?{a}%22%3Cb%3E`^|%27"),
    ("http://a.example/caf\u00e9?q=\u00fc", "http://a.example/caf%C3%A9?q=%C3%BC"),
    ("http://b\u00fccher.example/", "http://xn--bcher-kva.example/"),
    ("http://a.example/a/./b/../c", "http://a.example/a/c"),
    ("http://a.example/a/%2e%2E/b", "http://a.example/b"),
    ("http://a.example/../../a//b", "http://a.example/a//b"),
    ("http://a.example/a\\b?c\\d", "http://a.example/a/b?c\\d"),
    ("http://[0:0::1]/", "http://[::1]/"),
    ("http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"),
    # Signatures cover the URL as written: no escape is decoded, re-encoded, or changed in case.
    ("http://a.example/a%2fb%2Fc%20d%7e?X=%2F%2f%3D+%20&Y=a%zz%", "http://a.example/a%2fb%2Fc%20d%7e?X=%2F%2f%3D+%20&Y=a%zz%"),
    ("http://a.example/a;b=c,d:e@f!$&'()*+?g=h;i/j:k@l", "http://a.example/a;b=c,d:e@f!$&'()*+?g=h;i/j:k@l"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "called"), SERIALIZED)
def test_a_url_is_called_as_the_url_standard_serialises_it(written: str, called: str) -> None:
    url = parse_url(written)
    assert str(url) == called
    assert parse_url(called) == url


@given(URLS | st.text().map("http://a.example/".__add__) | st.text().map("http://a.example/?".__add__))
def test_what_is_called_is_what_the_url_standard_says(text: str) -> None:
    url = parse_url(text)
    if isinstance(url, URL):
        assert str(url) == ada_url.normalize_url(text).partition("#")[0]
        assert str(url).isascii()
        assert url.raw_path_qs == re.sub("^https?://[^/]*", "", str(url))


RESOLVED = [
    ("/caf\u00e9/menu", "/caf%C3%A9/menu"),
    ("/caf\udce9/menu", "/caf%E9/menu"),  # a byte of Latin-1, as aiohttp gives it
    ("/caf\udcc3\u00e9?\udcff", "/caf%C3%C3%A9?%FF"),
    ("/a b", "/a%20b"),
    (" /a\t b ", "/a%20b"),
    ('/"<>"?"<>"', "/%22%3C%3E%22?%22%3C%3E%22"),
    ("", "/x/y?q"),
    ("#f", "/x/y?q"),
    ("?", "/x/y?"),
    ("?a#b", "/x/y?a"),
    ("a/../b#c", "/x/b"),
    ("../../../a", "/a"),
    ("a\\b", "/x/a/b"),
    ("http:a", "/x/a"),
    ("/a?#", "/a?"),
    ("//a.example:81/a", "/a"),
    ("\\\\user:pw@a.example:81\\a", "/a"),
    ("%2e%2e/a%2fb", "/a%2fb"),
]


@pytest.mark.parametrize(("location", "path"), RESOLVED)
def test_a_location_is_read_as_browsers_read_it(location: str, path: str) -> None:
    base = URL("http://a.example:81/x/y?q", encoded=True)
    assert str(resolve_redirect(base, location)) == f"http://a.example:81{path}"


@given(st.lists(PIECES | st.characters(), max_size=8).map("".join))
def test_a_location_leads_where_the_url_standard_says_or_nowhere(location: str) -> None:
    base = URL("http://a.example:81/x/y?q", encoded=True)
    target = resolve_redirect(base, location)
    if isinstance(target, str):
        assert target.endswith(".")
        return
    found = ada_url.URL(location, base=str(base))
    found.username = found.password = found.hash = ""
    assert str(target) == found.href.removesuffix("#")


@pytest.mark.parametrize("letter", ["\ufdfa", "\u00e9", "\u00ad", "\u2488"], ids=ascii)
@pytest.mark.parametrize("form", ["http://{}/", "http://user@{}.example:80/", "ftp://{}", "//{}", "http://a.{}?x"])
def test_a_long_host_is_refused_in_no_time(form: str, letter: str) -> None:
    """One letter can stand for eighteen. Hosts are mapped in the event loop."""
    text = form.format(letter * 8_000)
    began = time.process_time()
    assert isinstance(parse_url(text), str)
    assert isinstance(resolve_redirect(URL("https://example.com/"), text[:5_000]), str)
    with pytest.raises(ValueError, match="Give a host"):
        parse_host_pattern(letter * 8_000)
    assert time.process_time() - began < 0.5


def test_a_url_may_be_long() -> None:
    start = "http://a.example/?"
    longest = start + "x" * (MAX_URL_LENGTH - len(start))
    assert MAX_URL_LENGTH >= 8000
    assert str(parse_url(longest)) == longest
    assert parse_url(longest + "x") == "It is longer than 8192 characters."
    assert resolve_redirect(URL("http://b.example/"), longest) == parse_url(longest)
    assert resolve_redirect(URL("http://b.example/"), longest + "x") == "It is longer than 8192 characters."
    assert isinstance(parse_url(start + "\u4e2d" * 3000), URL)
    assert parse_url(start + "\u4e2d" * 4000) == "It is longer than 32768 characters when it is percent-encoded."


SPELLINGS = [
    ["http://api.example.com/a", "HTTP://API.EXAMPLE.COM:80", "http://api.example.com.:080/b?c#d", "http://api\u3002example.com"],
    ["https://bücher.example/", "https://BÜCHER.example:443/x", "https://xn--bcher-kva.example"],
    ["http://[::1]:81/", "http://[0:0:0:0:0:0:0:1]:81", "http://[0000::0001]:81/x"],
    ["http://192.0.2.1", "http://[::ffff:192.0.2.1]:80/", "http://[::FFFF:C000:201]/"],
]  # fmt: skip


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_all_spellings_of_a_host_are_one_target(spellings: list[str]) -> None:
    assert len({parse_target_key(spelling) for spelling in spellings}) == 1
    assert None not in {parse_target_key(spelling) for spelling in spellings}


def test_schemes_and_ports_are_targets_of_their_own() -> None:
    assert (
        len({parse_target_key(f"{each}a.example{port}") for each in ("http://", "https://") for port in ("", ":81")})
        == 3
    )
    assert parse_target_key("ftp://a.example") is parse_target_key("no url") is parse_target_key("http://a b/") is None


names = st.lists(st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=6), min_size=1, max_size=3)


@given(names, st.one_of(st.none(), st.integers(1, 65_535)), st.sampled_from(["", "/", "/a?b", "?q", "#f"]))
def test_the_short_cut_for_plain_urls_finds_what_is_called(labels: list[str], port: int | None, rest: str) -> None:
    text = f"http://{'.'.join(labels)}{'' if port is None else f':{port}'}{rest}"
    parsed = parse_url(text)
    if not isinstance(parsed, str):
        assert parse_target_key(text) == target_key(parsed)


def test_a_url_is_shown_as_it_is_called_and_as_it_is_if_it_cannot_be() -> None:
    assert show_url("https://\u0430pple.example/a b".replace(" ", "%20")) == "https://xn--pple-43d.example/a%20b"
    assert show_url("HTTP://A.example:80?q#f") == "http://a.example/?q"
    assert show_url("no url") == "no url"
