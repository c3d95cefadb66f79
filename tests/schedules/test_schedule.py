from datetime import UTC, timedelta, timezone

import pytest

from tests.schedules.oracle import utc
from tocsin.schedules import Cron, Every, Once, Schedule, ScheduleDocument, schedule_from_document, schedule_to_document

NOON = utc("2026-11-22T12:00")
DOCUMENTS = [
    (Once(NOON), {"kind": "once", "at": NOON}),
    (
        Every(timedelta(seconds=1.5), NOON),
        {"kind": "every", "interval_ms": 1500, "start": NOON, "end": None},
    ),
    (
        Every(timedelta(days=400), NOON, NOON + timedelta(days=800)),
        {"kind": "every", "interval_ms": 34_560_000_000, "start": NOON, "end": NOON + timedelta(days=800)},
    ),
    (
        Cron("0 9 * * 1-5", "Europe/Berlin"),
        {"kind": "cron", "expression": "0 9 * * 1-5", "time_zone": "Europe/Berlin"},
    ),
]


@pytest.mark.parametrize(("schedule", "document"), DOCUMENTS)
def test_documents(schedule: Schedule, document: ScheduleDocument) -> None:
    assert schedule_to_document(schedule) == document
    assert schedule_from_document(document) == schedule


def test_a_document_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown kind of schedule: 'lunar'"):
        schedule_from_document({"kind": "lunar"})  # type: ignore[arg-type]


def test_times_become_utc_in_whole_milliseconds() -> None:
    late = (NOON + timedelta(microseconds=1999)).astimezone(timezone(timedelta(hours=5)))
    every = Every(timedelta(hours=1), late, late)
    kept = [Once(late).at, every.start, every.end]
    assert kept == [NOON + timedelta(milliseconds=1)] * 3
    assert {moment.tzinfo for moment in kept if moment} == {UTC}
