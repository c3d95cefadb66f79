"""The only place that reads the system clock.

Every time in Tocsin is an aware UTC datetime truncated to milliseconds, which is what BSON stores: a time that is
compared, or from which an id is derived, must be the same before and after it is stored.
"""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """Return the current time in UTC, truncated to milliseconds."""
    return EPOCH + timedelta(milliseconds=time.time_ns() // 1_000_000)


def truncate_to_milliseconds(moment: datetime) -> datetime:
    """Convert an aware datetime to UTC and truncate it to milliseconds."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def epoch_milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970-01-01T00:00Z, rounded down."""
    return (moment - EPOCH) // MILLISECOND
