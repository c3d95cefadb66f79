"""Positions of readers: cursors, and what becomes visible late. Two writers are interleaved at random."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import MILLISECOND
from tocsin.documents.keyset import AFTER_ALL_IDS, CursorPosition
from tocsin.errors import InvalidInput
from tocsin.notifications.inbox.positions import (
    MAX_GIVEN,
    OVERLAP,
    FeedPosition,
    decode_position,
    digest,
    follow,
    locate,
)

T0 = datetime(2026, 3, 1, tzinfo=UTC)
START = FeedPosition.at(T0)
IDS = st.text(min_size=1, max_size=30).filter(lambda text: "\ud800" not in text)


def row(name: str, seconds: float) -> Any:
    return {"_id": name, "stored_at": T0 + timedelta(seconds=seconds)}


def sort_key(stored: Any) -> tuple[datetime, str]:
    return stored["stored_at"], stored["_id"]


def read(position: FeedPosition, visible: list[Any], now: datetime, limit: int) -> tuple[list[str], FeedPosition]:
    """Read as `NotificationReader` does, from rows in memory."""
    horizon = now - OVERLAP
    floor = (position.floor.key, position.floor.id)
    beyond = sorted((each for each in visible if sort_key(each) > floor), key=sort_key)
    given: list[str] = []
    count = 0
    for step in follow(position, beyond, horizon):
        count, position = count + 1, step.position
        if step.is_new:
            given.append(step.row["_id"])
            if len(given) == limit:
                return given, position
    return given, position.settle(beyond, horizon) if count == len(beyond) else position


class Writer:
    """A writer whose notifications become visible up to `OVERLAP` later than they are stamped."""

    def __init__(self, name: str, delays: list[int], pauses: list[int]) -> None:
        moment = 0
        self.rows: list[tuple[datetime, Any]] = []
        for number, (delay, pause) in enumerate(zip(delays, pauses, strict=False)):
            moment += pause
            stored = {"_id": f"{name}{number}", "stored_at": T0 + (moment + 1) * MILLISECOND}
            self.rows.append((T0 + (moment + 1 + delay) * MILLISECOND, stored))


DELAYS = st.lists(st.integers(0, OVERLAP // MILLISECOND - 1), max_size=12)
PAUSES = st.lists(st.integers(0, 6_000), min_size=12, max_size=12)
READS = st.lists(st.tuples(st.integers(1, 4_000), st.integers(1, 5), st.booleans()), max_size=25)


@given(DELAYS, PAUSES, DELAYS, PAUSES, READS)
def test_a_reader_gets_each_once_whatever_overtakes(
    delays_a: list[int], pauses_a: list[int], delays_b: list[int], pauses_b: list[int], reads: list[Any]
) -> None:
    rows = Writer("a", delays_a, pauses_a).rows + Writer("b", delays_b, pauses_b).rows
    position, now, got = START, T0, []
    for pause, limit, reconnects in [*reads, *[(10_000, 5, True)] * 20]:
        now += pause * MILLISECOND
        before = position
        given, position = read(position, [stored for seen, stored in rows if seen <= now], now, limit)
        got += given
        assert (position.floor.key, position.floor.id) >= (before.floor.key, before.floor.id)
        if reconnects:
            position = decode_position(position.encode())
    assert sorted(got) == sorted(stored["_id"] for _, stored in rows)
    if not any(delays_a + delays_b):
        assert got == [stored["_id"] for _, stored in sorted(rows, key=lambda pair: sort_key(pair[1]))]


@given(IDS, st.integers(-(10**12), 10**13), st.sets(IDS, max_size=5))
def test_a_cursor_is_decoded_as_it_was_encoded(name: str, milliseconds: int, given: set[str]) -> None:
    floor = CursorPosition(T0 + milliseconds * MILLISECOND, name)
    position = FeedPosition(floor, frozenset(map(digest, given)))
    assert decode_position(position.encode()) == position


def encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


MALFORMED = [
    "", "x", "é", "====", encode("notification_stored_at:1:u1/x"), encode("notification_feed:1::"),
    encode("notification_feed:1:short:u1/x"), encode("notification_feed:9999999999999999::x"),
    encode("notification_feed:x::x"), encode("notification_feed:1:" + "a" * 8 * (MAX_GIVEN + 1) + ":x"), "A" * 9_000,
    base64.urlsafe_b64encode(b"notification_feed:1::\xff").decode(),
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_other_texts_are_no_cursors(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a cursor of notifications") as caught:
        decode_position(text, "after")
    assert caught.value.path == ("after",)


def test_a_position_with_as_many_as_it_can_name_waits_until_they_are_old() -> None:
    rows = [row(f"{number:04}", 1) for number in range(MAX_GIVEN + 100)]
    first, position = read(START, rows, T0 + timedelta(seconds=2), 10_000)
    assert len(first) == len(position.given) == MAX_GIVEN
    assert len(position.encode()) < 6_000
    assert decode_position(position.encode()) == position
    assert read(position, rows, T0 + timedelta(seconds=3), 10_000) == ([], position)
    rest, position = read(position, rows, T0 + timedelta(seconds=7), 10_000)
    assert first + rest == [each["_id"] for each in rows]
    assert position == FeedPosition.at(T0 + timedelta(seconds=2))


def test_a_cursor_full_of_others_only_delays() -> None:
    hostile = FeedPosition(START.floor, frozenset(digest(f"none{number}") for number in range(MAX_GIVEN)))
    assert read(hostile, [row("a", 1)], T0 + timedelta(seconds=2), 10)[0] == []
    assert read(hostile, [row("a", 1)], T0 + timedelta(seconds=7), 10)[0] == ["a"]


def test_what_was_given_is_known() -> None:
    rows = [row("a", 1), row("b", 8), row("c", 9)]
    _, position = read(START, rows[:2], T0 + timedelta(seconds=10), 10)
    assert [position.has_given(each) for each in [*rows, row("late", 7), row("old", 4)]] == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_rows_of_a_list_are_located_so_that_nothing_after_them_is_left_out() -> None:
    rows = [row("c", 9), row("b", 8), row("a", 1)]
    found = locate(rows, T0 + timedelta(seconds=5))
    assert found["a"] == FeedPosition(CursorPosition(T0 + timedelta(seconds=1), "a"))
    assert found["b"] == FeedPosition(found["a"].floor, frozenset([digest("b")]))
    assert found["c"] == FeedPosition(found["a"].floor, frozenset([digest("b"), digest("c")]))
    alone = locate(rows[:1], T0 + timedelta(seconds=5))["c"]
    assert alone == FeedPosition(CursorPosition(T0 + timedelta(seconds=5), AFTER_ALL_IDS), frozenset([digest("c")]))
