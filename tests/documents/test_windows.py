"""Windows of keys: they cover all keys exactly once, and their widths follow the density of the rows."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import MILLISECOND
from tocsin.documents.windows import Frontier, Pace, WidthMemory, Window

T0 = datetime(2026, 3, 1, tzinfo=UTC)
moments = st.integers(-(10**13), 10**14).map(lambda milliseconds: T0 + milliseconds * MILLISECOND)
widths = st.integers(1, 10**14).map(lambda milliseconds: milliseconds * MILLISECOND)


@given(low=moments, high=moments, edge=moments, horizon=moments | st.none(), down=st.booleans(), width=widths)
def test_windows_cover_all_keys_once(
    low: datetime, high: datetime, edge: datetime, horizon: datetime | None, down: bool, width: timedelta
) -> None:
    low, high = min(low, high), max(low, high)
    frontier = Frontier(low, high, down, min(high, edge) if down else max(low, edge), horizon)
    windows: list[Window] = []
    while not windows or windows[-1].beyond is not None:
        window = frontier.next_window(width)
        windows.append(window)
        if window.beyond is not None:
            frontier.advance(window.beyond)
        width *= 2
    ranges = [(window.low, window.high) for window in (reversed(windows) if down else windows)]
    assert (ranges[0][0], ranges[-1][1]) == (low, high)
    assert all(first[1] + MILLISECOND == second[0] for first, second in itertools.pairwise(ranges))


def test_a_window_that_cannot_shrink_is_the_last_one_behind_the_horizon() -> None:
    day = timedelta(days=1)
    frontier = Frontier(T0, T0 + 9 * day, True, T0 + 8 * day, T0 + 5 * day)
    last = frontier.next_window(4 * day)
    assert last == Window(T0, T0 + 9 * day, None)
    assert frontier.can_shrink(last)
    frontier.advance(T0 + 5 * day)
    assert not frontier.can_shrink(frontier.next_window(day))


def test_the_width_follows_what_a_window_contained() -> None:
    pace = Pace(1_000, timedelta(seconds=8))
    pace.adapt(0, 0, 50)
    assert (pace.width, pace.is_blind) == (timedelta(seconds=64), True)
    pace.adapt(10, 20, 40)  # every second row matches: 120 rows for 60
    assert (pace.width, pace.is_blind) == (timedelta(seconds=384), False)
    pace.adapt(0, 500, 40)
    assert pace.width == timedelta(seconds=768)
    pace.adapt(1, 900, 1)
    assert pace.width == timedelta(milliseconds=853_333)


def test_a_narrowed_window_does_not_grow_before_rows_are_found() -> None:
    pace = Pace(1_000, timedelta(seconds=8))
    assert pace.narrow()
    pace.adapt(0, 0, 50)
    assert pace.width == timedelta(seconds=1)
    pace.adapt(1, 1, 50)
    pace.adapt(0, 0, 50)
    assert pace.width == timedelta(seconds=64)
    assert not Pace(1, MILLISECOND).narrow()


def test_the_distance_of_a_key_is_positive_ahead() -> None:
    day = timedelta(days=1)
    down = Frontier(T0, T0 + 9 * day, True, T0 + 8 * day, T0 + 5 * day)
    assert (down.distance_to(T0 + 7 * day), down.distance_to(None)) == (day, 3 * day)
    up = Frontier(T0, T0 + 9 * day, False, T0 + day, None)
    assert (up.distance_to(T0 + 2 * day), up.distance_to(None)) == (day, timedelta(0))


def test_widths_are_remembered_for_the_lists_read_last() -> None:
    memory = WidthMemory(2)
    for name, days in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        memory.remember(name, timedelta(days=days))
    assert [width and width.days for width in map(memory.recall, "abc")] == [3, None, 4]
    memory.remember("a", timedelta(days=-1))
    assert memory.recall("a") == MILLISECOND
