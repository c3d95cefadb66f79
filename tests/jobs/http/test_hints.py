import pytest

from tocsin.jobs.http.hints import find_status_hint


@pytest.mark.parametrize(
    ("status", "has_location", "words"),
    [
        (300, False, "offers several URLs"),
        (300, True, "offers several URLs"),
        (304, False, "If-None-Match"),
        (304, True, "If-None-Match"),
        (305, True, "proxy"),
        (306, False, "no longer in use"),
        (301, False, "no Location header"),
        (307, False, "no Location header"),
        (399, False, "no Location header"),
        (302, True, "Use the URL that it points to"),
        (101, False, "another protocol"),
        (415, False, "Content-Type"),
        (418, False, "response body"),
        (599, False, "server's side"),
    ],
)
def test_the_hint_fits_the_status(status: int, has_location: bool, words: str) -> None:
    assert words in find_status_hint(status, has_location=has_location)
