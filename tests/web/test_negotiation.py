"""Accept headers, valid and invalid."""

import pytest

from tocsin.web.error_responses import RequestRefused
from tocsin.web.negotiation import LEGACY_MEDIA_TYPE, MODERN_MEDIA_TYPE, STREAM_MEDIA_TYPE, AcceptedFormats, negotiate

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
SINGLE: list[tuple[str, str]] = [
    ("", LEGACY_MEDIA_TYPE),
    ("  ", LEGACY_MEDIA_TYPE),
    ("*/*", LEGACY_MEDIA_TYPE),
    ("application/*", LEGACY_MEDIA_TYPE),
    (LEGACY_MEDIA_TYPE, LEGACY_MEDIA_TYPE),
    (MODERN_MEDIA_TYPE, MODERN_MEDIA_TYPE),
    ("Application/JSON", LEGACY_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE}, {MODERN_MEDIA_TYPE}", MODERN_MEDIA_TYPE),
    (f"{MODERN_MEDIA_TYPE};q=0.5, {LEGACY_MEDIA_TYPE}", LEGACY_MEDIA_TYPE),
    (f"{MODERN_MEDIA_TYPE}; q=0.9 , {LEGACY_MEDIA_TYPE}; Q=0.8", MODERN_MEDIA_TYPE),
    (f"{MODERN_MEDIA_TYPE}, */*", MODERN_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE};q=0.2, */*;q=0.1", LEGACY_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE};q=0, */*", MODERN_MEDIA_TYPE),
    (f"{MODERN_MEDIA_TYPE};q=0, application/*", LEGACY_MEDIA_TYPE),
    ("application/*;q=0.1, */*;q=0.9", LEGACY_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE}; charset=utf-8", LEGACY_MEDIA_TYPE),
    (f'{LEGACY_MEDIA_TYPE}; charset="UTF-8"', LEGACY_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE}; charset=utf-16, {MODERN_MEDIA_TYPE}", MODERN_MEDIA_TYPE),
    (f"{LEGACY_MEDIA_TYPE};q=much, {MODERN_MEDIA_TYPE};q=0.1", MODERN_MEDIA_TYPE),
    (f"nonsense, ,, {LEGACY_MEDIA_TYPE}", LEGACY_MEDIA_TYPE),
    (CHROME, LEGACY_MEDIA_TYPE),
    (URQL, MODERN_MEDIA_TYPE),
]


@pytest.mark.parametrize(("accept", "expected"), SINGLE)
def test_the_media_type_of_an_answer(accept: str, expected: str) -> None:
    assert negotiate(accept).media_type == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (STREAM_MEDIA_TYPE, AcceptedFormats(None, accepts_stream=True, prefers_stream=True)),
        ("text/*", AcceptedFormats(None, accepts_stream=True, prefers_stream=True)),
        (
            f"{STREAM_MEDIA_TYPE}, */*;q=0.1",
            AcceptedFormats(LEGACY_MEDIA_TYPE, accepts_stream=True, prefers_stream=True),
        ),
        (
            f"{STREAM_MEDIA_TYPE}, {LEGACY_MEDIA_TYPE}",
            AcceptedFormats(LEGACY_MEDIA_TYPE, accepts_stream=True, prefers_stream=False),
        ),
        (
            f"{STREAM_MEDIA_TYPE};q=0.5, {MODERN_MEDIA_TYPE}",
            AcceptedFormats(MODERN_MEDIA_TYPE, accepts_stream=True, prefers_stream=False),
        ),
        (
            f"{STREAM_MEDIA_TYPE};q=0, {MODERN_MEDIA_TYPE}",
            AcceptedFormats(MODERN_MEDIA_TYPE, accepts_stream=False, prefers_stream=False),
        ),
        (
            f"{STREAM_MEDIA_TYPE};q=0, text/*, {MODERN_MEDIA_TYPE}",
            AcceptedFormats(MODERN_MEDIA_TYPE, accepts_stream=False, prefers_stream=False),
        ),
        ("*/*", AcceptedFormats(LEGACY_MEDIA_TYPE, accepts_stream=False, prefers_stream=False)),
        (URQL, AcceptedFormats(MODERN_MEDIA_TYPE, accepts_stream=True, prefers_stream=False)),
    ],
)
def test_whether_streams_are_taken(accept: str, expected: AcceptedFormats) -> None:
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        "nonsense",
        ",",
        f"{LEGACY_MEDIA_TYPE};q=0",
        "*/*;q=0",
        f"{LEGACY_MEDIA_TYPE};q=0, {MODERN_MEDIA_TYPE};q=0.0, {STREAM_MEDIA_TYPE};q=0.000, */*;q=0",
        "application/jsonx",
        f"{LEGACY_MEDIA_TYPE}; charset=utf-16",
        "*/json",
    ],
)
def test_what_takes_none_of_ours_is_refused(accept: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        negotiate(accept)
    assert caught.value.status_code == 406
