from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.schedules.oracle import utc
from tocsin.errors import InvalidInput
from tocsin.schedules import Cron, Every, Once, Schedule, validate_schedule

NOON = utc("2026-11-22T12:00")
NAIVE = NOON.replace(tzinfo=None)
HOUR = timedelta(hours=1)
INTERVAL = 'The interval must be between one second and 100 years, for example "PT15M".'
WHOLE = 'The interval must be in whole milliseconds, for example "PT1.5S".'
OFFSET = 'The time must have an offset to UTC, for example "2026-11-22T09:00:00Z".'
YEARS = "The time must be between the years 1970 and 9998."
ORDER = "The end is before the start. It must be the same time or later."
BEHIND_NAME = "Did you mean Etc/GMT-2, which is UTC+02:00 (the sign in its name is reversed)?"
IANA = "Use an IANA name such as Europe/Berlin or UTC."


@pytest.mark.parametrize(
    "schedule",
    [
        Once(NOON),
        Once(datetime(1970, 1, 1, tzinfo=UTC)),
        Every(timedelta(seconds=1), NOON),
        Every(timedelta(days=36_525), NOON, NOON),
        Cron("0 9 * * 1-5", "Europe/Berlin"),
        Cron("@Yearly", "America/Argentina/Buenos_Aires"),
        Cron("*/10 * * * * *", "Etc/GMT+5"),
        Cron("@daily", "Etc/GMT+2"),
        Cron("@daily", "GMT+0"),
        Cron("0 0 29 2 MON", "UTC"),
        Cron("0 0 * 2 MON#5", "UTC"),
    ],
)
def test_right_schedules_pass(schedule: Schedule) -> None:
    validate_schedule(schedule)


@pytest.mark.parametrize(
    ("schedule", "path", "message"),
    [
        (Once(NAIVE), "at", OFFSET),
        (Once(datetime(1969, 12, 31, tzinfo=UTC)), "at", YEARS),
        (Once(datetime.max.replace(tzinfo=timezone(-HOUR))), "at", YEARS),
        (Every(timedelta(), NOON), "every.interval", INTERVAL),
        (Every(-HOUR, NOON), "every.interval", INTERVAL),
        (Every(timedelta(milliseconds=999), NOON), "every.interval", INTERVAL),
        (Every(timedelta.max, NOON), "every.interval", INTERVAL),
        (Every(timedelta(seconds=1, microseconds=1), NOON), "every.interval", WHOLE),
        (Every(HOUR, NAIVE), "every.start", OFFSET),
        (Every(HOUR, NOON, NAIVE), "every.end", OFFSET),
        (Every(HOUR, NOON, NOON - HOUR), "every.end", ORDER),
        (Every(HOUR, NOON, datetime.max.replace(tzinfo=UTC)), "every.end", YEARS),
    ],
)
def test_wrong_times_are_refused(schedule: Schedule, path: str, message: str) -> None:
    assert refusal(schedule) == (path, message)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Europe/Brlin", "Did you mean Europe/Berlin?"),
        ("europe/berlin", "Did you mean Europe/Berlin?"),
        (" Europe/Berlin", "Did you mean Europe/Berlin?"),
        ("New York", "Did you mean America/New_York?"),
        ("Tokyo", "Did you mean Asia/Tokyo?"),
        ("PST", IANA),
        ("GMT+2", BEHIND_NAME),
        ("UTC+2", BEHIND_NAME),
        ("UTC+02:00", BEHIND_NAME),
        ("+02:00", BEHIND_NAME),
        ("+2", BEHIND_NAME),
        ("+0200", BEHIND_NAME),
        ("gmt +2", BEHIND_NAME),
        ("Utc + 2", BEHIND_NAME),
        ("UTC/GMT+2", BEHIND_NAME),
        ("GMT-5", "Did you mean Etc/GMT+5, which is UTC-05:00 (the sign in its name is reversed)?"),
        ("GMT\u22125", "Did you mean Etc/GMT+5, which is UTC-05:00 (the sign in its name is reversed)?"),
        ("UTC+14", "Did you mean Etc/GMT-14, which is UTC+14:00 (the sign in its name is reversed)?"),
        ("etc/gmt+2", "Did you mean Etc/GMT+2, which is UTC-02:00 (the sign in its name is reversed)?"),
        ("Etc/GMT+02", "Did you mean Etc/GMT+2, which is UTC-02:00 (the sign in its name is reversed)?"),
        ("UTC+0", "Did you mean UTC?"),
        ("-00:00", "Did you mean UTC?"),
        ("UTC+05:30", IANA),
        ("GMT+15", IANA),
        ("GMT-13", IANA),
        ("Etc/GMT+13", IANA),
        ("Etc/GMT2", IANA),
        ("UTC+200", IANA),
        ("CET-1CEST", IANA),
        ("<+02>-2", IANA),
        ("../x", IANA),
        ("../../etc/passwd", IANA),
        ("/etc/localtime", IANA),
        ("localtime", IANA),
        ("posixrules", IANA),
        ("Factory", IANA),
        ("right/Europe/Berlin", "Did you mean Europe/Berlin?"),
        ("posix/Europe/Berlin", "Did you mean Europe/Berlin?"),
        ("Europe", IANA),
        ("tzdata.zi", IANA),
        ("leapseconds", IANA),
    ],
)
def test_wrong_time_zones_are_refused(key: str, said: str) -> None:
    path, message = refusal(Cron("@daily", key))
    assert path == "cron.timeZone"
    assert message.startswith(f'The time zone "{key}" is unknown. ')
    assert message.endswith(said)


def test_an_empty_time_zone_is_refused() -> None:
    assert refusal(Cron("@daily", " ")) == ("cron.timeZone", f"The time zone is empty. {IANA}")


def test_a_hostile_time_zone_is_shown_short_and_printable() -> None:
    _, message = refusal(Cron("@daily", "x\x00\n\x1b[31m" + "y" * 100_000))
    assert message.isprintable()
    assert len(message) < 200


def refusal(schedule: Schedule) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        validate_schedule(schedule)
    return ".".join(caught.value.path), caught.value.message
