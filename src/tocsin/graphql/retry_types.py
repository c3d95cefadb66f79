"""Retry policies: as they are given, and as they are shown."""

from datetime import timedelta

import strawberry

from tocsin.errors import InvalidInput
from tocsin.tasks import retry as retries


@strawberry.type(description="Waits between attempts that grow.")
class Backoff:
    initial: timedelta = strawberry.field(description="The wait before the first retry.")
    factor: float = strawberry.field(description="Each wait is this many times the one before.")
    max: timedelta = strawberry.field(description="No wait is longer than this.")
    jitter: float = strawberry.field(description="The share of each wait that is left to chance, 0 to 1.")


@strawberry.type(description="How often and when a failed run is tried again: the policy in effect.")
class RetryPolicy:
    max_retries: int = strawberry.field(description="Attempts after the first one, at most.")
    offsets: list[timedelta] = strawberry.field(
        description=(
            "The wait before each retry, from the end of the failed attempt; the last one repeats. Empty "
            "with `backoff`."
        )
    )
    backoff: Backoff | None = strawberry.field(description="Waits that grow, instead of `offsets`.")
    statuses: list[int] | None = strawberry.field(
        description="Of failures by an HTTP status, only these are retried; null: all are."
    )


@strawberry.input(description="Waits between attempts that grow.")
class BackoffInput:
    initial: timedelta = strawberry.field(description="The wait before the first retry.")
    factor: float = strawberry.field(
        default=retries.DEFAULT_FACTOR, description="Each wait is this many times the one before: 1 to 100."
    )
    max: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="No wait is longer than this. Default: `P1D`, or `initial` if that is longer.",
    )
    jitter: float = strawberry.field(
        default=retries.DEFAULT_JITTER, description="The share of each wait that is left to chance, 0 to 1."
    )


@strawberry.input(description="How often and when a failed run is tried again. Give `offsets` or `backoff`, not both.")
class RetryInput:
    max_retries: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Attempts after the first one, 0 to 99. Default: as many as `offsets` has, else the server's default."
        ),
    )
    offsets: list[timedelta] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The wait before each retry; the last one repeats. Without it and `backoff`: the server's waits.",
    )
    backoff: BackoffInput | None = strawberry.field(
        default=strawberry.UNSET, description="Waits that grow, instead of `offsets`."
    )
    statuses: list[int] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of failures by an HTTP status, retry only these (100 to 599). Default: retry all.",
    )


def retry_type(policy: retries.RetryPolicy) -> RetryPolicy:
    """The policy as it is shown."""
    return RetryPolicy(
        max_retries=policy.max_retries or 0,
        offsets=list(policy.offsets),
        backoff=None if policy.backoff is None else _backoff_type(policy.backoff),
        statuses=None if policy.statuses is None else sorted(policy.statuses),
    )


def _backoff_type(backoff: retries.Backoff) -> Backoff:
    return Backoff(initial=backoff.initial, factor=backoff.factor, max=backoff.maximum, jitter=backoff.jitter)


def read_retry(given: RetryInput | None) -> retries.RetryPolicy | None:
    """The policy that is meant; None for the server's default. Raises InvalidInput."""
    if not given:
        return None
    most = given.max_retries if isinstance(given.max_retries, int) else None
    offsets = given.offsets if isinstance(given.offsets, list) else None
    statuses = given.statuses if isinstance(given.statuses, list) else None
    try:
        return retries.policy_of(most, offsets, _read_backoff(given.backoff) if given.backoff else None, statuses)
    except InvalidInput as error:
        raise error.under("retry") from None


def _read_backoff(given: BackoffInput) -> retries.Backoff:
    longest = given.max if isinstance(given.max, timedelta) else None
    return retries.backoff_of(given.initial, given.factor, longest, given.jitter)
