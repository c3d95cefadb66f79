"""Schedules and retry policies as they are written in a workflow: in the words of the API. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from tocsin import schedules
from tocsin.clock import EPOCH
from tocsin.errors import InvalidInput
from tocsin.jobs.params import ParamsModel, read_params
from tocsin.schedules.moments import read_duration, read_moment
from tocsin.tasks import retry as retries

Duration = Annotated[timedelta, BeforeValidator(read_duration), WithJsonSchema({"type": "string"})]
Moment = Annotated[datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string"})]
_LONGEST_BACKOFF = timedelta(days=1)


class EveryGiven(ParamsModel):
    """Every interval."""

    interval: Duration
    start: Moment | None = None
    end: Moment | None = None


class CronGiven(ParamsModel):
    """By a cron expression in a time zone."""

    expression: str
    time_zone: str = "UTC"


class ScheduleGiven(ParamsModel):
    """When a workflow runs by itself: one of these."""

    at: Moment | None = None
    every: EveryGiven | None = None
    cron: CronGiven | None = None


class BackoffGiven(ParamsModel):
    """Waits that grow."""

    initial: Duration
    factor: float = 2
    max: Duration | None = None
    jitter: float = 0.0


class RetryGiven(ParamsModel):
    """How a failed run is tried again."""

    max_retries: Annotated[int, Field(strict=True)] | None = None
    offsets: list[Duration] | None = None
    backoff: BackoffGiven | None = None
    statuses: list[int] | None = None


def read_schedule(given: Mapping[str, Any], now: datetime = EPOCH) -> schedules.Schedule:
    """The schedule that is meant at `now`. Raises InvalidInput."""
    plan = read_params(ScheduleGiven, given)
    if len(plan.model_fields_set) != 1:
        raise InvalidInput("A schedule has exactly one of at, every and cron.")
    schedule: schedules.Schedule
    if plan.every is not None:
        start = plan.every.start or now + min(plan.every.interval, timedelta(days=366))
        schedule = schedules.Every(plan.every.interval, start, plan.every.end)
    elif plan.cron is not None:
        schedule = schedules.Cron(plan.cron.expression, plan.cron.time_zone)
    elif plan.at is not None:
        schedule = schedules.Once(plan.at)
    else:
        raise InvalidInput("A schedule has exactly one of at, every and cron.")
    schedules.check(schedule)
    return schedule


def read_retry(given: Mapping[str, Any]) -> dict[str, Any]:
    """The stored form of the policy that is meant; of one that is stored already, itself. Raises InvalidInput."""
    plan = read_params(RetryGiven, given)
    if plan.offsets is not None and plan.backoff is not None:
        raise InvalidInput("Give offsets or backoff, not both.", "backoff")
    if plan.offsets is None and plan.backoff is None and plan.max_retries != 0:
        raise InvalidInput("Say how long to wait before a retry: offsets or backoff.", "offsets")
    backoff = None if plan.backoff is None else _backoff(plan.backoff)
    offsets = tuple(plan.offsets or ())
    most = plan.max_retries if plan.max_retries is not None else len(offsets) or 3
    policy = retries.RetryPolicy(most, offsets, backoff, None if plan.statuses is None else frozenset(plan.statuses))
    try:
        retries.check(policy)
    except InvalidInput as error:
        raise InvalidInput(error.message, *error.path[1:]) from None
    return retries.to_document(policy)


def _backoff(given: BackoffGiven) -> retries.Backoff:
    longest = given.max or max(_LONGEST_BACKOFF, given.initial)
    return retries.Backoff(given.initial, given.factor, longest, given.jitter)


def placed_sentences(error: InvalidInput) -> list[str]:
    """Each fault as a sentence that begins with the place of what is wrong."""
    return [f"{'.'.join(fault.path)}: {fault.message}" if fault.path else fault.message for fault in error.all]
