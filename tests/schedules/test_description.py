from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schedules.expressions import five_fields, six_fields
from tests.schedules.oracle import utc
from tocsin.schedules import Cron, Every, Once, Schedule, describe_schedule, next_due
from tocsin.schedules.description import describe_briefly, describe_duration

NOON = utc("2026-11-22T12:00")


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (Once(NOON), "once at 2026-11-22T12:00:00Z"),
        (Once(NOON + timedelta(milliseconds=5)), "once at 2026-11-22T12:00:00.005Z"),
        (Every(timedelta(minutes=15), NOON), "every 15 minutes from 2026-11-22T12:00:00Z"),
        (
            Every(timedelta(hours=1), NOON, NOON + timedelta(days=1)),
            "every hour from 2026-11-22T12:00:00Z until 2026-11-23T12:00:00Z",
        ),
        (
            Cron(" 0 9  * * 1-5", "Europe/Berlin"),
            "at 09:00 on Monday through Friday in Europe/Berlin (cron 0 9 * * 1-5)",
        ),
        (Cron("@daily", "UTC"), "at 00:00 every day in UTC (cron @daily)"),
        (Cron("@daily", "Etc/GMT+2"), "at 00:00 every day in Etc/GMT+2 (UTC-02:00, cron @daily)"),
    ],
)
def test_summary(schedule: Schedule, sentence: str) -> None:
    assert describe_schedule(schedule) == sentence


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Once(NOON), "once"),
        (Every(timedelta(minutes=15), NOON), "every 15 minutes"),
        (Cron("0 9 * * 1-5", "Europe/Berlin"), "weekdays at 09:00, Berlin"),
        (Cron("0 9 * * 6,0", "America/New_York"), "weekends at 09:00, New York"),
        (Cron("@daily", "UTC"), "daily at 00:00, UTC"),
        (Cron("0 9,17 * * *", "Etc/GMT+2"), "daily at 09:00 and 17:00, UTC-02:00"),
        (Cron("30 8 1 * *", "UTC"), "on the first day of every month at 08:30, UTC"),
        (Cron("*/15 * * * *", "UTC"), "every 15 minutes, UTC"),
        (Cron("@hourly", "UTC"), "hourly, UTC"),
        (Cron("*/10 8-18 * * 1-5", "UTC"), "every 10th minute from 08:00 through 18:59 on Monday through Friday, UTC"),
    ],
)
def test_brief_description(schedule: Schedule, words: str) -> None:
    assert describe_briefly(schedule) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=1), "second"),
        (timedelta(seconds=1.5), "1.5 seconds"),
        (timedelta(seconds=90), "1 minute 30 seconds"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=1), "day"),
        (timedelta(days=14, hours=1, seconds=1), "14 days 1 hour 1 second"),
        (timedelta(), "0 seconds"),
    ],
)
def test_durations(duration: timedelta, words: str) -> None:
    assert describe_duration(duration) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 0 L * *", "at 00:00 on the last day of every month"),
        ("0 0 LW * *", "at 00:00 on the last weekday of every month"),
        ("0 0 * * 5L", "at 00:00 on the last Friday of the month"),
        ("0 0 * * MON#1,FRI#3", "at 00:00 on the first Monday of the month and the third Friday of the month"),
        ("0 0 */2 * 1", "at 00:00 on every second day of month if it's on Monday"),
        ("0 0 13 * 5", "at 00:00 on the 13th day of month and on Friday"),
        ("0 0 L * 0-7", "at 00:00 every day"),
        ("0 0 L * 1-7", "at 00:00 every day"),
        ("30 0 9 * * *", "at 09:00:30 every day"),
    ],
)
def test_words_know_debians_rules(expression: str, words: str) -> None:
    assert describe_schedule(Cron(expression, "UTC")) == f"{words} in UTC (cron {expression})"


@given(st.lists(st.one_of(five_fields(), six_fields()), min_size=2, max_size=8))
def test_equal_words_mean_equal_due_times(drawn: list[str]) -> None:
    times: dict[str, list[datetime]] = {}
    for expression in drawn:
        words = describe_schedule(Cron(expression, "UTC")).partition(" in UTC (")[0]
        assert times.setdefault(words, due_times(expression)) == due_times(expression)


def due_times(expression: str) -> list[datetime]:
    """Return the first due times of an expression, whatever they are."""
    found: list[datetime] = []
    moment = NOON
    while len(found) < 20 and (due := next_due(Cron(expression, "UTC"), moment)) is not None:
        found.append(due)
        moment = due
    return found
