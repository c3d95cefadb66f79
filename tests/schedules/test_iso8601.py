# ruff: noqa: E501  # tables read best in rows
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.schedules.iso8601 import format_datetime, format_duration, parse_datetime, parse_iso_duration

MILLISECONDS = st.integers(0, 10**13).map(lambda number: timedelta(milliseconds=number))


@given(MILLISECONDS)
def test_durations_come_back(duration: timedelta) -> None:
    assert parse_iso_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("PT90S", "PT1M30S"), ("P1W", "P7D"), ("PT0S", "PT0S"), ("PT0.5S", "PT0.5S"), ("PT1,25S", "PT1.25S"), ("P1DT24H", "P2D")],
)  # fmt: skip
def test_durations_are_written_canonically(text: str, canonical: str) -> None:
    assert format_duration(parse_iso_duration(text)) == canonical


@pytest.mark.parametrize("value", [60, None, True, timedelta(hours=1)])
def test_a_duration_is_a_text(value: object) -> None:
    with pytest.raises(ValueError, match="A duration is an ISO 8601 text"):
        parse_iso_duration(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1H", '"1H" is not an ISO 8601 duration such as PT30S, PT1H30M or P1D.'),
        (
            "P1Y",
            '"P1Y" is not an ISO 8601 duration such as PT30S, PT1H30M or P1D; years and months have no fixed length.',
        ),
        ("P1000000D", '"P1000000D" is too long: at most P999999D.'),
        ("PT1\n", '"PT1 " is not an ISO 8601 duration such as PT30S, PT1H30M or P1D.'),
        ("P" + "9" * 5000 + "W", '"P' + "9" * 39 + '" is too long: at most P999999D.'),
    ],
)
def test_what_is_wrong_with_a_duration_is_one_short_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        parse_iso_duration(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-29T10:00:00", 'The offset is missing: write "2026-11-29T10:00:00Z" for UTC, or for example "2026-11-29T10:00:00+01:00".'),
        ("2026-11-29 10:00", 'The offset is missing: write "2026-11-29T10:00:00Z" for UTC, or for example "2026-11-29T10:00:00+01:00".'),
        ("2026-11-29", 'The time of day and the offset are missing: write "2026-11-29T00:00:00Z".'),
        ("2026-11-29T10:00Z", 'The time is not in RFC 3339 format: write "2026-11-29T10:00:00Z".'),
        ("2026-11-29 10:00:00Z", 'The time is not in RFC 3339 format: write "2026-11-29T10:00:00Z".'),
        ("2026-11-29T10:00:00+0100", 'The time is not in RFC 3339 format: write "2026-11-29T10:00:00+01:00".'),
        ("2026-11-29T10:00:00,5 +01", 'The time is not in RFC 3339 format: write "2026-11-29T10:00:00.5+01:00".'),
        ("2026-02-30", "The time does not exist: 2026-02-30."),
        ("2026-02-30T10:00:00", "The time does not exist: 2026-02-30T10:00:00."),
        ("2026-11-29T24:30:00Z", "The time does not exist: 2026-11-29T24:30:00Z."),
        ("tomorrow", 'A time has a date, a time of day and an offset to UTC, such as "2026-11-22T09:00:00Z".'),
        ("\uff12026-11-29T10:00:00Z", 'A time has a date, a time of day and an offset to UTC, such as "2026-11-22T09:00:00Z".'),
    ],
)  # fmt: skip
def test_the_message_for_a_wrong_time_corrects_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"time|offset") as caught:
        parse_datetime(text)
    assert str(caught.value) == message
    if 'write "' in message:
        parse_datetime(message.partition('write "')[2].partition('"')[0])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T09:00:00Z", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22t09:00:00.123999z", datetime(2026, 11, 22, 9, 0, 0, 123000, tzinfo=UTC)),
        ("2026-11-22T09:00:00+01:30", datetime(2026, 11, 22, 7, 30, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_datetime(text) == moment
    assert parse_datetime(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["2026-11-22", "2026-11-22 09:00:00Z", "2026-02-30T09:00:00Z", "2026-11-22T24:00:01Z", "2026-11-22T09:00:60Z", "0001-01-01T00:00:00+01:00", "2026-11-22T09:00:00+25:00", "", 1700000000, None, "٢٠٢٦-11-22T09:00:00Z"],
)  # fmt: skip
def test_wrong_moments(value: object) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_datetime(value)


def test_moments_are_written_with_their_offset() -> None:
    moment = datetime(2026, 11, 22, 9, 0, 0, 5000, tzinfo=UTC)
    assert format_datetime(moment) == "2026-11-22T09:00:00.005Z"
    assert (
        format_datetime(moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=1))))
        == "2026-11-22T09:00:00+01:00"
    )
