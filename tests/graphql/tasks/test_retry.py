"""Retry policies as users write and see them."""

from datetime import timedelta

import pytest

from tocsin.errors import InvalidInput
from tocsin.graphql.tasks.retry import BackoffInput, RetryInput, parse_retry_policy, to_retry_policy
from tocsin.tasks.retry_policy import Backoff, RetryPolicy

SECOND = timedelta(seconds=1)


def test_without_an_input_the_server_decides() -> None:
    assert parse_retry_policy(None) is None


def test_an_input_is_shown_as_it_was_given() -> None:
    policy = parse_retry_policy(RetryInput(offsets=[SECOND, 2 * SECOND], statuses=[503, 429]))
    assert policy is not None
    shown = to_retry_policy(policy, is_default=False)
    assert (shown.offsets, shown.backoff, shown.statuses) == ([SECOND, 2 * SECOND], None, [429, 503])


def test_a_backoff_is_shown_with_all_its_fields() -> None:
    given = RetryInput(max_retries=4, backoff=BackoffInput(initial=SECOND, factor=3.0, max=60 * SECOND, jitter=0.5))
    policy = parse_retry_policy(given)
    assert policy is not None
    assert policy.backoff == Backoff(initial=SECOND, factor=3.0, maximum=60 * SECOND, jitter=0.5)
    shown = to_retry_policy(policy, is_default=False)
    assert shown.backoff is not None
    assert (shown.max_retries, shown.backoff.max, shown.backoff.jitter) == (4, 60 * SECOND, 0.5)


def test_a_policy_without_a_number_of_retries_shows_none() -> None:
    assert to_retry_policy(RetryPolicy(max_retries=None, offsets=()), is_default=False).max_retries == 0


def test_no_offsets_are_no_retries() -> None:
    policy = parse_retry_policy(RetryInput(offsets=[]))
    assert policy is not None
    assert policy.max_retries == 0


def test_offsets_and_a_backoff_exclude_each_other() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_retry_policy(RetryInput(offsets=[SECOND], backoff=BackoffInput(initial=SECOND)))
    assert caught.value.path == ("retry", "backoff")
