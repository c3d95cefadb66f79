"""Schedules and retry policies in workflow definitions, with the names of the API. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from tocsin import schedules
from tocsin.clock import EPOCH
from tocsin.documents import RetryDocument
from tocsin.errors import InvalidInput
from tocsin.jobs.params import ParamsModel, parse_params
from tocsin.schedules.iso8601 import parse_datetime, parse_iso_duration
from tocsin.tasks import retry_policy as retries

Duration = Annotated[timedelta, BeforeValidator(parse_iso_duration), WithJsonSchema({"type": "string"})]
Moment = Annotated[datetime, BeforeValidator(parse_datetime), WithJsonSchema({"type": "string"})]


class EverySpec(ParamsModel):
    """Due every interval."""

    interval: Duration
    start: Moment | None = None
    end: Moment | None = None


class CronSpec(ParamsModel):
    """Due by a cron expression in a time zone."""

    expression: str
    time_zone: str = "UTC"


class ScheduleSpec(ParamsModel):
    """A schedule: exactly one of these."""

    at: Moment | None = None
    every: EverySpec | None = None
    cron: CronSpec | None = None


class BackoffSpec(ParamsModel):
    """Waits between attempts that grow by a factor."""

    initial: Duration
    factor: Annotated[float, Field(strict=True)] = retries.DEFAULT_FACTOR
    max: Duration | None = None
    jitter: Annotated[float, Field(strict=True)] = retries.DEFAULT_JITTER


class RetrySpec(ParamsModel):
    """A policy for retrying failed runs."""

    max_retries: Annotated[int, Field(strict=True)] | None = None
    offsets: list[Duration] | None = None
    backoff: BackoffSpec | None = None
    statuses: list[Annotated[int, Field(strict=True)]] | None = None


def parse_schedule_spec(
    given: Mapping[str, Any], now: datetime = EPOCH, before: schedules.SimpleSchedule | None = None
) -> schedules.SimpleSchedule:
    """Return the schedule as of `now`, keeping the phase of the one `before`. Raises InvalidInput."""
    plan = parse_params(ScheduleSpec, given)
    if len(plan.model_fields_set) != 1:
        raise InvalidInput("A schedule has exactly one of at, every and cron.")
    schedule: schedules.SimpleSchedule
    if plan.every is not None:
        start = plan.every.start or schedules.choose_start(plan.every.interval, before, now)
        schedule = schedules.Every(plan.every.interval, start, plan.every.end)
    elif plan.cron is not None:
        schedule = schedules.Cron(plan.cron.expression, plan.cron.time_zone)
    elif plan.at is not None:
        schedule = schedules.Once(plan.at)
    else:
        raise InvalidInput("A schedule has exactly one of at, every and cron.")
    schedules.validate_schedule(schedule)
    return schedule


def parse_retry_spec(given: Mapping[str, Any]) -> RetryDocument:
    """Return a retry policy in its stored form, which is also accepted. Raises InvalidInput."""
    plan = parse_params(RetrySpec, given)
    policy = retries.build_policy(plan.max_retries, plan.offsets, _backoff(plan.backoff), plan.statuses)
    try:
        retries.validate_policy(policy)
    except InvalidInput as error:
        raise InvalidInput(error.message, *error.path[1:]) from None
    return policy.to_document()


def _backoff(given: BackoffSpec | None) -> retries.Backoff | None:
    return None if given is None else retries.build_backoff(given.initial, given.factor, given.max, given.jitter)


def format_faults(error: InvalidInput) -> list[str]:
    """Return each fault as a sentence that begins with its path."""
    return [f"{'.'.join(fault.path)}: {fault.message}" if fault.path else fault.message for fault in error.all_errors]
