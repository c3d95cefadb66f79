"""Retry policies as users write them, with the names of the API. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from tocsin.errors import InvalidInput
from tocsin.input_models import ParamsModel, parse_params
from tocsin.schedules.specs import Duration
from tocsin.tasks.retry_policy import (
    DEFAULT_FACTOR,
    DEFAULT_JITTER,
    Backoff,
    RetryPolicy,
    build_backoff,
    build_policy,
    policy_to_document,
    validate_policy,
)


class BackoffSpec(ParamsModel):
    """Waits between attempts that grow by a factor."""

    initial: Duration
    factor: Annotated[float, Field(strict=True)] = DEFAULT_FACTOR
    max: Duration | None = None
    jitter: Annotated[float, Field(strict=True)] = DEFAULT_JITTER

    def to_backoff(self) -> Backoff:
        """Return the backoff. Its values are not validated yet."""
        return build_backoff(self.initial, self.factor, self.max, self.jitter)


class RetrySpec(ParamsModel):
    """A policy for retrying failed runs."""

    max_retries: Annotated[int, Field(strict=True)] | None = None
    offsets: list[Duration] | None = None
    backoff: BackoffSpec | None = None
    statuses: list[Annotated[int, Field(strict=True)]] | None = None

    def to_policy(self) -> RetryPolicy:
        """Return the policy, with unvalidated values. Raises InvalidInput for parts that do not go together."""
        backoff = None if self.backoff is None else self.backoff.to_backoff()
        return build_policy(self.max_retries, self.offsets, backoff, self.statuses)


def parse_retry_spec(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid retry policy in its stored form. Raises InvalidInput."""
    policy = parse_params(RetrySpec, given).to_policy()
    try:
        validate_policy(policy)
    except InvalidInput as error:
        raise InvalidInput(error.message, *error.path[1:]) from None
    return policy_to_document(policy)
