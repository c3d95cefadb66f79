"""Cursors of events name a time, or a place in the reading of what changed since."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH, truncate_to_milliseconds
from tocsin.documents import Change, ChangeKind
from tocsin.documents.keyset import CursorPosition
from tocsin.errors import InvalidInput
from tocsin.events.cursors import EventCursor, Place, cursor_of, decode_event_cursor

TIMES = st.datetimes(
    datetime(1970, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001  # hypothesis wants naive bounds
).map(truncate_to_milliseconds)  # fmt: skip
PLACES = st.builds(
    Place,
    TIMES,
    st.from_regex(r"\A[a-z_]{1,20}\Z"),
    st.from_regex(r"\A[0-9a-f]{8}\Z"),
    st.builds(CursorPosition, TIMES, st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable())),
)


@given(st.builds(EventCursor, TIMES, st.none() | PLACES))
def test_a_cursor_is_read_as_it_was_written(cursor: EventCursor) -> None:
    assert decode_event_cursor(cursor.encode()) == cursor


@given(st.text(max_size=500) | st.binary(max_size=90).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused_where_it_was_given(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_event_cursor(text, "afterCursor")
    assert refused.value.path == ("afterCursor",)


@pytest.mark.parametrize("time", ["99999999999999", "-99999999999999"])
def test_a_time_beyond_the_calendar_is_refused(time: str) -> None:
    with pytest.raises(InvalidInput):
        decode_event_cursor(base64.urlsafe_b64encode(f"event:{time}000".encode()).decode())
    with pytest.raises(InvalidInput):
        decode_event_cursor(base64.urlsafe_b64encode(f"event:9{time}".encode()).decode())


def test_a_change_has_the_cursor_of_its_time_unless_it_has_one() -> None:
    change = Change(ChangeKind.RUN_UPDATED, EPOCH + timedelta(days=1), "alice/t", "alice/t:1")
    assert decode_event_cursor(cursor_of(change)) == EventCursor(change.at)
    assert cursor_of(change._replace(cursor="given")) == "given"


def test_a_time_before_all_events_is_refused() -> None:
    """Somebody made it up, and at the begin of the calendar none can be counted back from it."""
    with pytest.raises(InvalidInput):
        decode_event_cursor(base64.urlsafe_b64encode(b"event:-62135596800000").decode())
