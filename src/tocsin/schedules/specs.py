"""Schedules and misfire policies as users write them, with the names of the API. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tocsin.clock import EPOCH
from tocsin.input_models import ParamsModel, parse_params
from tocsin.schedules.iso8601 import parse_datetime, parse_iso_duration
from tocsin.schedules.misfire import Misfire, MisfirePolicy
from tocsin.schedules.revision import choose_start
from tocsin.schedules.schedule import Cron, Every, Once, SimpleSchedule
from tocsin.schedules.validation import validate_schedule

Duration = Annotated[timedelta, BeforeValidator(parse_iso_duration), WithJsonSchema({"type": "string"})]
Moment = Annotated[datetime, BeforeValidator(parse_datetime), WithJsonSchema({"type": "string"})]
_DEFAULT_MISFIRE = Misfire()


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

    @model_validator(mode="after")
    def _check_one(self) -> "ScheduleSpec":
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if len(given) != 1 or len(self.model_fields_set) != 1:
            raise ValueError("A schedule has exactly one of at, every and cron.")
        return self

    def to_schedule(self, now: datetime, before: SimpleSchedule | None = None) -> SimpleSchedule:
        """Return the schedule as of `now`, keeping the phase of the one `before`. Its values are not validated yet."""
        if self.every is not None:
            start = self.every.start or choose_start(self.every.interval, before, now)
            return Every(self.every.interval, start, self.every.end)
        if self.cron is not None:
            return Cron(self.cron.expression, self.cron.time_zone)
        assert self.at is not None  # noqa: S101  # one of the three is set
        return Once(self.at)


class MisfireSpec(ParamsModel):
    """The handling of due times that passed while no server could run them."""

    policy: MisfirePolicy = _DEFAULT_MISFIRE.policy
    grace: Duration = _DEFAULT_MISFIRE.grace
    max_runs: Annotated[int, Field(strict=True)] = _DEFAULT_MISFIRE.max_runs

    def to_misfire(self) -> Misfire:
        """Return the misfire policy. Its values are not validated yet."""
        return Misfire(self.policy, self.grace, self.max_runs)


def parse_schedule_spec(
    given: Mapping[str, Any], now: datetime = EPOCH, before: SimpleSchedule | None = None
) -> SimpleSchedule:
    """Return the valid schedule as of `now`, keeping the phase of the one `before`. Raises InvalidInput."""
    schedule = parse_params(ScheduleSpec, given).to_schedule(now, before)
    validate_schedule(schedule)
    return schedule
