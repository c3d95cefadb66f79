"""Times are in UTC and in whole milliseconds, as the database stores them."""

from datetime import UTC, datetime, timedelta, timezone

from bson import decode, encode
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from tocsin import clock
from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds, truncate_to_milliseconds

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001  # naive by contract


@given(MOMENTS)
def test_a_truncated_time_is_the_same_after_it_was_stored(moment: datetime) -> None:
    truncated = truncate_to_milliseconds(moment)
    stored: dict[str, datetime] = decode(encode({"at": truncated}), CodecOptions(tz_aware=True))
    assert stored["at"] == truncated
    assert truncated.tzinfo is UTC
    assert timedelta() <= moment - truncated < MILLISECOND


@given(MOMENTS)
def test_milliseconds_since_1970_are_rounded_down(moment: datetime) -> None:
    milliseconds = epoch_milliseconds(moment)
    assert EPOCH + milliseconds * MILLISECOND == truncate_to_milliseconds(moment)
    assert epoch_milliseconds(EPOCH - timedelta(microseconds=1)) == -1


def test_the_current_time_is_aware_and_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    now = clock.now()
    assert before - MILLISECOND < now <= datetime.now(UTC)
    assert now == truncate_to_milliseconds(now)
