"""The values of settings: ports, waits, origins, keys and lists."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.setting_values import (
    decode_key,
    decode_keys,
    parse_canary_url,
    parse_offset,
    parse_origin,
    parse_ports,
    split_list,
)

PORTS = st.integers(1, 65_535)


@given(st.lists(st.tuples(PORTS, PORTS).map(sorted), max_size=3), st.lists(PORTS, max_size=5))
def test_ports_are_numbers_and_ranges_with_both_ends(ranges: list[list[int]], single: list[int]) -> None:
    text = ", ".join([*(f"{first}-{last}" for first, last in ranges), *map(str, single)])
    expected = set(single).union(*(range(first, last + 1) for first, last in ranges))
    assert parse_ports(text) == expected


def test_the_words_for_ports() -> None:
    assert parse_ports(" None ") == frozenset()
    assert parse_ports("STANDARD, 9200") == parse_ports("standard") | {9200}
    assert {22, 25, 6379, 27018} < parse_ports("standard")


@pytest.mark.parametrize("text", ["0", "65536", "9-3", "1-", "-1", "1-2-3", "ssh", "22,none", "²", "1 - 2", "000022"])
def test_what_is_no_port_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.+' is not a port, a range such as 6665-6669, or the word standard"):
        parse_ports(text)


def test_an_offset_is_at_most_a_year() -> None:
    assert parse_offset("PT0S") == timedelta()
    assert parse_offset("P366D") == timedelta(days=366)
    with pytest.raises(ValueError, match=r"^'P366DT1S' is too long: a wait is at most P366D$"):
        parse_offset("P366DT1S")
    with pytest.raises(ValueError, match=r"^'1h' is not an ISO 8601 duration such as"):
        parse_offset("1h")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (" HTTPS://App.Example.COM ", "https://app.example.com"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://a.example:00080", "http://a.example"),
        ("http://a.example:08443", "http://a.example:8443"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_an_origin_is_normalized_as_browsers_do(text: str, origin: str) -> None:
    assert parse_origin(text) == origin
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "a.example", "ftp://a", "https://", "https://a/", "https://u@a", "http://a:65536", "http://a:"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an origin such as https://app.example.com"):
        parse_origin(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_from_both_alphabets_of_base64(key: bytes) -> None:
    assert decode_key(base64.b64encode(key).decode()) == key
    assert decode_key(base64.urlsafe_b64encode(key).decode()) == key


@given(st.binary(max_size=64).filter(lambda key: len(key) != 32))
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="must be 32 bytes in base64"):
        decode_key(base64.b64encode(key).decode())


@pytest.mark.parametrize("text", ["", "é" * 44, "A" * 43, "A" * 43 + "=\n", "!" * 44])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be 32 bytes in base64, as `openssl rand -base64 32` prints them$"):
        decode_key(text)


def test_several_keys_are_separated_by_commas() -> None:
    first, second = base64.b64encode(bytes(32)).decode(), base64.b64encode(bytes(range(32))).decode()
    assert decode_keys(f"{first}, {second}") == (bytes(32), bytes(range(32)))
    with pytest.raises(ValueError, match="must be 32 bytes"):
        decode_keys(f"{first},")


def test_a_list_is_split_at_commas_or_taken_as_it_is() -> None:
    assert split_list(" a, ,b,") == ["a", "b"]
    assert split_list("") == []
    assert split_list(("a,b", 3)) == ["a,b", 3]


@pytest.mark.parametrize("text", ["https://example.org/", "http://192.0.2.1:8080/health?x=1", "https://[2001:db8::1]"])
def test_the_url_of_a_canary_stays_as_it_is(text: str) -> None:
    assert parse_canary_url(text) == text


@pytest.mark.parametrize(
    "text",
    ["example.org", "ftp://example.org/", "https://", "https://a:b@example.org/", "https://example.org/#x", "x y"],
)
def test_what_is_no_url_of_a_canary_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.+' is not a URL such as https://example.org/, without user, password"):
        parse_canary_url(text)
