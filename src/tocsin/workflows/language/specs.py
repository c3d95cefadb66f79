"""Schedules and retry policies in workflow definitions, with the names of the API. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from tocsin import schedules
from tocsin.clock import EPOCH
from tocsin.errors import InvalidInput
from tocsin.jobs.params import ParamsModel, read_params
from tocsin.schedules.iso8601 import read_duration, read_moment
from tocsin.tasks import retry_policy as retries

Duration = Annotated[timedelta, BeforeValidator(read_duration), WithJsonSchema({"type": "string"})]
Moment = Annotated[datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string"})]


class EveryGiven(ParamsModel):
    """Due every interval."""

    interval: Duration
    start: Moment | None = None
    end: Moment | None = None


class CronGiven(ParamsModel):
    """Due by a cron expression in a time zone."""

    expression: str
    time_zone: str = "UTC"


class ScheduleGiven(ParamsModel):
    """A schedule: exactly one of these."""

    at: Moment | None = None
    every: EveryGiven | None = None
    cron: CronGiven | None = None


class BackoffGiven(ParamsModel):
    """Waits between attempts that grow by a factor."""

    initial: Duration
    factor: Annotated[float, Field(strict=True)] = retries.DEFAULT_FACTOR
    max: Duration | None = None
    jitter: Annotated[float, Field(strict=True)] = retries.DEFAULT_JITTER


class RetryGiven(ParamsModel):
    """A policy for retrying failed runs."""

    max_retries: Annotated[int, Field(strict=True)] | None = None
    offsets: list[Duration] | None = None
    backoff: BackoffGiven | None = None
    statuses: list[Annotated[int, Field(strict=True)]] | None = None


def read_schedule(
    given: Mapping[str, Any], now: datetime = EPOCH, before: schedules.Plain | None = None
) -> schedules.Plain:
    """Return the schedule as of `now`, keeping the phase of the one `before`. Raises InvalidInput."""
    plan = read_params(ScheduleGiven, given)
    if len(plan.model_fields_set) != 1:
        raise InvalidInput("A schedule has exactly one of at, every and cron.")
    schedule: schedules.Plain
    if plan.every is not None:
        start = plan.every.start or schedules.default_start(plan.every.interval, before, now)
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
    """Return a retry policy in its stored form, which is also accepted. Raises InvalidInput."""
    plan = read_params(RetryGiven, given)
    policy = retries.policy_of(plan.max_retries, plan.offsets, _backoff(plan.backoff), plan.statuses)
    try:
        retries.check(policy)
    except InvalidInput as error:
        raise InvalidInput(error.message, *error.path[1:]) from None
    return retries.to_document(policy)


def _backoff(given: BackoffGiven | None) -> retries.Backoff | None:
    return None if given is None else retries.backoff_of(given.initial, given.factor, given.max, given.jitter)


def placed_sentences(error: InvalidInput) -> list[str]:
    """Return each fault as a sentence that begins with its path."""
    return [f"{'.'.join(fault.path)}: {fault.message}" if fault.path else fault.message for fault in error.all]
