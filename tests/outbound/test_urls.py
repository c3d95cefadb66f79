# ruff: noqa: RUF001  # letters that look like others are among the tricks
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from tocsin.outbound.urls import origin, parse_url, place

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
    assert place(URL("http://bücher.example/x")) == "xn--bcher-kva.example:80"
    assert place(URL("https://[::1]/x")) == "[::1]:443"
