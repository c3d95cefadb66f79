"""Accept headers, valid and invalid."""

import pytest

from tocsin.web.error_responses import Refused
from tocsin.web.negotiation import LEGACY, MODERN, STREAM, Wanted, negotiate

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
SINGLE: list[tuple[str, str]] = [
    ("", LEGACY),
    ("  ", LEGACY),
    ("*/*", LEGACY),
    ("application/*", LEGACY),
    (LEGACY, LEGACY),
    (MODERN, MODERN),
    ("Application/JSON", LEGACY),
    (f"{LEGACY}, {MODERN}", MODERN),
    (f"{MODERN};q=0.5, {LEGACY}", LEGACY),
    (f"{MODERN}; q=0.9 , {LEGACY}; Q=0.8", MODERN),
    (f"{MODERN}, */*", MODERN),
    (f"{LEGACY};q=0.2, */*;q=0.1", LEGACY),
    (f"{LEGACY};q=0, */*", MODERN),
    (f"{MODERN};q=0, application/*", LEGACY),
    ("application/*;q=0.1, */*;q=0.9", LEGACY),
    (f"{LEGACY}; charset=utf-8", LEGACY),
    (f'{LEGACY}; charset="UTF-8"', LEGACY),
    (f"{LEGACY}; charset=utf-16, {MODERN}", MODERN),
    (f"{LEGACY};q=much, {MODERN};q=0.1", MODERN),
    (f"nonsense, ,, {LEGACY}", LEGACY),
    (CHROME, LEGACY),
    (URQL, MODERN),
]


@pytest.mark.parametrize(("accept", "expected"), SINGLE)
def test_the_media_type_of_an_answer(accept: str, expected: str) -> None:
    assert negotiate(accept).single == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (STREAM, Wanted(None, streams=True, streams_first=True)),
        ("text/*", Wanted(None, streams=True, streams_first=True)),
        (f"{STREAM}, */*;q=0.1", Wanted(LEGACY, streams=True, streams_first=True)),
        (f"{STREAM}, {LEGACY}", Wanted(LEGACY, streams=True, streams_first=False)),
        (f"{STREAM};q=0.5, {MODERN}", Wanted(MODERN, streams=True, streams_first=False)),
        (f"{STREAM};q=0, {MODERN}", Wanted(MODERN, streams=False, streams_first=False)),
        (f"{STREAM};q=0, text/*, {MODERN}", Wanted(MODERN, streams=False, streams_first=False)),
        ("*/*", Wanted(LEGACY, streams=False, streams_first=False)),
        (URQL, Wanted(MODERN, streams=True, streams_first=False)),
    ],
)
def test_whether_streams_are_taken(accept: str, expected: Wanted) -> None:
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        "nonsense",
        ",",
        f"{LEGACY};q=0",
        "*/*;q=0",
        f"{LEGACY};q=0, {MODERN};q=0.0, {STREAM};q=0.000, */*;q=0",
        "application/jsonx",
        f"{LEGACY}; charset=utf-16",
        "*/json",
    ],
)
def test_what_takes_none_of_ours_is_refused(accept: str) -> None:
    with pytest.raises(Refused) as caught:
        negotiate(accept)
    assert caught.value.status_code == 406
