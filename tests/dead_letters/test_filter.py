"""The stored form of a filter, and the hosts in user input."""

import pytest

from tocsin import clock
from tocsin.dead_letters.filter import DeadLetterFilter, parse_host
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput

NOW = clock.now()
FULL = DeadLetterFilter("t", "w", "h", ErrorKind.TIMEOUT, NOW, NOW)


@pytest.mark.parametrize("filter_", [DeadLetterFilter(), FULL, DeadLetterFilter(host="h")])
def test_a_filter_is_stored_and_read_back(filter_: DeadLetterFilter) -> None:
    assert DeadLetterFilter.from_document(filter_.to_document()) == filter_
    assert filter_.is_empty is (filter_ == DeadLetterFilter())


@pytest.mark.parametrize(
    "host", ["", "a b", "http://a.test", "a.test/", "a.test:80", "user@a.test", "a.test?", "x" * 301]
)
def test_an_invalid_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="host"):
        parse_host(host, "host")


def test_a_host_is_parsed_to_its_ascii_form() -> None:
    assert parse_host("Bücher.Example") == "xn--bcher-kva.example"
    assert parse_host("::1") == "::1"
