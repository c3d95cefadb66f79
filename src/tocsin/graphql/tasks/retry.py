"""Input and output types of retry policies."""

from datetime import timedelta

import strawberry

from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import to_params
from tocsin.input_models import parse_params
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.retry_spec import RetrySpec


@strawberry.type(description="Exponential backoff: waits between attempts that grow by a factor.")
class Backoff:
    initial: timedelta = strawberry.field(description="Wait before the first retry.")
    factor: float = strawberry.field(description="Factor between waits: each wait is this many times the previous one.")
    max: timedelta = strawberry.field(description="Maximum wait before a retry.")
    jitter: float = strawberry.field(description="Maximum share of each wait that is randomly subtracted, 0 to 1.")


@strawberry.type(
    description="The retry policy in effect: the number of retries of a failed run and the waits before them."
)
class RetryPolicy:
    max_retries: int = strawberry.field(description="Maximum number of attempts after the first one.")
    offsets: list[timedelta] = strawberry.field(
        description=(
            "Waits before each retry, from the end of the failed attempt; the last one repeats. Empty if `backoff` is "
            "set."
        )
    )
    backoff: Backoff | None = strawberry.field(description="Exponential backoff; null if `offsets` are used.")
    statuses: list[int] | None = strawberry.field(
        description="HTTP statuses that are retried; null if all are. Failures of other kinds are not affected."
    )
    is_default: bool = strawberry.field(
        description="True if the task sets nothing of it, and the policy of the server applies."
    )


@strawberry.input(description="Exponential backoff: waits between attempts that grow by a factor.")
class BackoffInput:
    initial: timedelta = strawberry.field(description="Wait before the first retry.")
    factor: float = strawberry.field(
        default=retries.DEFAULT_FACTOR,
        description="Factor between waits, 1 to 100: each wait is this many times the previous one.",
    )
    max: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="Maximum wait before a retry. Default: `P1D`, or `initial` if that is longer.",
    )
    jitter: float = strawberry.field(
        default=retries.DEFAULT_JITTER, description="Maximum share of each wait that is randomly subtracted, 0 to 1."
    )


@strawberry.input(
    description="The retries of a failed run: their number and waits. Set at most one of `offsets` and `backoff`."
)
class RetryInput:
    max_retries: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Maximum number of attempts after the first one, 0 to 99. Default: the length of `offsets`, else that of "
            "the server."
        ),
    )
    offsets: list[timedelta] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Waits before each retry; the last one repeats. Default: the waits of the server.",
    )
    backoff: BackoffInput | None = strawberry.field(
        default=strawberry.UNSET, description="Exponential backoff, instead of `offsets`."
    )
    statuses: list[int] | None = strawberry.field(
        default=strawberry.UNSET,
        description="HTTP statuses to retry, 100 to 599. Default: all. Failures of other kinds are not affected.",
    )


def to_retry_policy(policy: retries.RetryPolicy, *, is_default: bool) -> RetryPolicy:
    """Convert a complete retry policy. `is_default` is true if nothing of it was set for the task."""
    return RetryPolicy(
        max_retries=policy.max_retries or 0,
        offsets=list(policy.offsets),
        backoff=None if policy.backoff is None else _to_backoff(policy.backoff),
        statuses=None if policy.statuses is None else sorted(policy.statuses),
        is_default=is_default,
    )


def _to_backoff(backoff: retries.Backoff) -> Backoff:
    return Backoff(initial=backoff.initial, factor=backoff.factor, max=backoff.maximum, jitter=backoff.jitter)


def parse_retry_policy(input_: RetryInput | None) -> retries.RetryPolicy | None:
    """Convert the input to a retry policy; None for the default of the server. Raises InvalidInput."""
    if not input_:
        return None
    try:
        return parse_params(RetrySpec, to_params(input_)).to_policy()
    except InvalidInput as error:
        raise error.prefix_path("retry") from None
