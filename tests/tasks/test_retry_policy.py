"""Properties of the waits between attempts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tocsin.clock import MILLISECOND
from tocsin.errors import InvalidInput
from tocsin.tasks.retry_policy import (
    MAX_WAIT,
    Backoff,
    RetryPolicy,
    policy_from_document,
    policy_to_document,
    validate_policy,
)

MILLISECONDS = some.integers(1, MAX_WAIT // MILLISECOND).map(lambda count: count * MILLISECOND)
OFFSETS = some.lists(MILLISECONDS | some.just(timedelta(0)), min_size=1, max_size=9).map(tuple)
BACKOFFS = some.builds(
    lambda one, other, factor, jitter: Backoff(min(one, other), factor, max(one, other), jitter),
    MILLISECONDS, MILLISECONDS, some.floats(1, 100), some.floats(0, 1),
)  # fmt: skip
STATUSES = some.none() | some.frozensets(some.integers(100, 599))
POLICIES = some.builds(RetryPolicy, some.integers(0, 99), OFFSETS, some.none(), STATUSES) | some.builds(
    RetryPolicy, some.integers(0, 99), some.just(()), BACKOFFS, STATUSES
)
CHANCES = some.floats(0, 1)


@given(POLICIES)
def test_a_policy_is_accepted_and_reads_back_as_it_was(policy: RetryPolicy) -> None:
    validate_policy(policy)
    assert policy_from_document(policy_to_document(policy)) == policy


@given(OFFSETS, some.integers(0, 99), CHANCES)
def test_offsets_come_in_order_and_the_last_one_repeats(
    offsets: tuple[timedelta, ...], retry: int, chance: float
) -> None:
    expected = offsets[retry] if retry < len(offsets) else offsets[-1]
    assert RetryPolicy(99, offsets).wait_before(retry, chance) == expected


@given(BACKOFFS, some.integers(0, 98))
def test_a_backoff_without_chance_grows_up_to_its_maximum(backoff: Backoff, retry: int) -> None:
    first, wait, longer = (backoff.wait_before(number, 0) for number in (0, retry, retry + 1))
    assert first == backoff.initial
    assert first <= wait <= longer <= backoff.maximum


@given(BACKOFFS, some.integers(0, 99), CHANCES)
def test_jitter_shortens_a_wait_by_its_share_at_most(backoff: Backoff, retry: int, chance: float) -> None:
    full, wait = backoff.wait_before(retry, 0), backoff.wait_before(retry, chance)
    assert full * (1 - backoff.jitter) - MILLISECOND <= wait <= full
    assert wait >= timedelta(0)


@given(POLICIES, some.integers(0, 99), CHANCES)
def test_waits_are_whole_milliseconds_and_never_too_long(policy: RetryPolicy, retry: int, chance: float) -> None:
    wait = policy.wait_before(retry, chance)
    assert wait % MILLISECOND == timedelta(0)
    assert timedelta(0) <= wait <= MAX_WAIT


@given(some.integers(100, 599), STATUSES)
def test_statuses_narrow_what_is_retried(status: int, statuses: frozenset[int] | None) -> None:
    assert RetryPolicy(1, (), None, statuses).can_retry_status(status) == (statuses is None or status in statuses)


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (RetryPolicy(-1, (MILLISECOND,)), ("maxRetries",)),
        (RetryPolicy(100, (MILLISECOND,)), ("maxRetries",)),
        (RetryPolicy(1, (-MILLISECOND,)), ("offsets",)),
        (RetryPolicy(1, (MAX_WAIT + MILLISECOND,)), ("offsets",)),
        (RetryPolicy(1, (MILLISECOND,) * 100), ("offsets",)),
        (RetryPolicy(1, (MILLISECOND,), None, frozenset({99})), ("statuses",)),
        (RetryPolicy(1, (), Backoff(timedelta(0), 2, MAX_WAIT, 0)), ("backoff", "initial")),
        (RetryPolicy(1, (), Backoff(MILLISECOND, 0.5, MAX_WAIT, 0)), ("backoff", "factor")),
        (RetryPolicy(1, (), Backoff(2 * MILLISECOND, 2, MILLISECOND, 0)), ("backoff", "max")),
        (RetryPolicy(1, (), Backoff(MILLISECOND, 2, MAX_WAIT, 1.1)), ("backoff", "jitter")),
        (RetryPolicy(1, (), Backoff(MILLISECOND, float("nan"), MAX_WAIT, 0)), ("backoff", "factor")),
    ],
)
def test_a_policy_out_of_range_is_refused_with_its_place(policy: RetryPolicy, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        validate_policy(policy)
    assert refused.value.path == ("retry", *path)
