"""The times of the attempts of a live delivery."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import MILLISECOND
from tocsin.notifications.channels.live.channel import MAX_FALLBACK, MIN_FALLBACK
from tocsin.notifications.live.schedule import MAX_ATTEMPTS, find_next_attempt, is_over

BEGUN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPANS = st.integers(MIN_FALLBACK // MILLISECOND, MAX_FALLBACK // MILLISECOND).map(lambda count: count * MILLISECOND)
LATE = st.timedeltas(timedelta(0), timedelta(minutes=1))


@given(SPANS, st.lists(LATE, min_size=MAX_ATTEMPTS, max_size=MAX_ATTEMPTS))
def test_at_most_ten_attempts_with_pauses_and_an_end_at_the_deadline(span: timedelta, late: list[timedelta]) -> None:
    """However late each one is."""
    deadline, now, made, times = BEGUN + span, BEGUN, 0, [BEGUN]
    while not is_over(deadline, made, now):
        made += 1
        again = find_next_attempt(BEGUN, deadline, made, now)
        assert now < again <= deadline
        assert again == deadline or again - now >= span / 300
        times.append(again)
        now = again + late[made - 1]
    assert 1 <= made <= MAX_ATTEMPTS
    assert now >= deadline >= times[-1]


@given(SPANS)
def test_ten_attempts_that_are_in_time_are_further_and_further_apart(span: timedelta) -> None:
    times = [BEGUN]
    for made in range(1, MAX_ATTEMPTS + 1):
        times.append(find_next_attempt(BEGUN, BEGUN + span, made, times[-1]))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses == sorted(pauses)
    assert times[-1] == BEGUN + span


@pytest.mark.parametrize(("made", "minutes", "over"), [(9, 14, False), (10, 14, True), (1, 15, True)])
def test_it_is_over_after_the_last_attempt_or_at_the_deadline(made: int, minutes: int, over: bool) -> None:
    now = BEGUN + timedelta(minutes=minutes)
    assert is_over(BEGUN + timedelta(minutes=15), made, now) is over
