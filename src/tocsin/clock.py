"""The one place that asks what time it is.

Every time in Tocsin is an aware UTC datetime cut to whole milliseconds, because that is what BSON keeps: a time that is
compared, or from which an id is derived, must be the same before and after it was stored.
"""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """The present moment, UTC, in whole milliseconds."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` (aware) in UTC, cut to whole milliseconds."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970-01-01T00:00Z."""
    return (moment - EPOCH) // MILLISECOND
