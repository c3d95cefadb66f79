from datetime import timedelta

import pytest

from tests.schedules.oracle import utc
from tocsin.schedules import Cron, Every, Once, Schedule, describe_schedule
from tocsin.schedules.description import describe_duration

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
        (Cron(" 0 9  * * 1-5", "Europe/Berlin"), "cron 0 9 * * 1-5 in Europe/Berlin"),
        (Cron("@daily", "UTC"), "cron @daily in UTC"),
        (Cron("@daily", "Etc/GMT+2"), "cron @daily in Etc/GMT+2 (UTC-02:00)"),
    ],
)
def test_summary(schedule: Schedule, sentence: str) -> None:
    assert describe_schedule(schedule) == sentence


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
