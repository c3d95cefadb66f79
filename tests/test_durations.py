"""ISO 8601 durations without years and months."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.durations import MAX_DURATION, parse_duration

COUNTS = st.none() | st.integers(0, 10_000)


def part(count: int | None, unit: str) -> str:
    return "" if count is None else f"{count}{unit}"


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 999))
def test_a_duration_is_the_sum_of_its_parts(
    weeks: int | None, days: int | None, hours: int | None, minutes: int | None, seconds: int | None, fraction: int
) -> None:
    time = part(hours, "H") + part(minutes, "M") + ("" if seconds is None else f"{seconds}.{fraction:03}S")
    text = "P" + part(weeks, "W") + part(days, "D") + (f"T{time}" if time else "")
    if text == "P":
        return
    assert parse_duration(text) == timedelta(
        weeks=weeks or 0,
        days=days or 0,
        hours=hours or 0,
        minutes=minutes or 0,
        seconds=seconds or 0,
        milliseconds=0 if seconds is None else fraction,
    )


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT0S", timedelta()),
        ("PT1,5S", timedelta(seconds=1.5)),
        ("PT1.05S", timedelta(milliseconds=1050)),
        ("P1DT24H", timedelta(days=2)),
        ("P000000000000000000001D", timedelta(days=1)),
        ("P999999D", MAX_DURATION),
        ("P999998DT24H", MAX_DURATION),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "1H",
        "PT1H ",
        "PT1H\n",
        "-PT1H",
        "P-1D",
        "pt1h",
        "P1H",
        "PT1D",
        "PT1M1H",
        "P1D1W",
        "PT1.2345S",
        "PT1.S",
        "PT.5S",
        "PT0.5H",
        "PT\u0661M",
        "PT\uff11M",
        "P1_0D",
        "PT²S",
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not an ISO 8601 duration such as PT30S, PT1H30M or P1D$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P1Y", "P1M", "P1Y2M3DT4H"])
def test_years_and_months_are_refused_because_their_length_varies(text: str) -> None:
    with pytest.raises(ValueError, match=r"; years and months have no fixed length$"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "P1000000D",
        "P999999DT0.001S",
        "P999998DT24H1S",
        "PT" + "9" * 15 + "H",
        "PT" + "9" * 16 + "S",
        "P" + "9" * 5000 + "W",
    ],
)
def test_a_duration_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is too long: at most P999999D$"):
        parse_duration(text)


@given(st.text("PTWDHMS0123456789.,- ", max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert timedelta() <= parse_duration(text) <= MAX_DURATION
