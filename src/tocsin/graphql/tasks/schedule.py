"""Input and output types of schedules and misfire policies."""

from datetime import datetime, timedelta
from typing import TypeGuard

import strawberry

from tocsin import schedules
from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import to_params
from tocsin.graphql.enums import IfPast
from tocsin.input_models import parse_params
from tocsin.schedules import MisfirePolicy
from tocsin.schedules.iso8601 import format_datetime
from tocsin.schedules.specs import MisfireSpec, ScheduleSpec

_MAX_PREVIEW = 100
_NOW = "now"
_PAST = "This time has passed. Set a later time, or set ifPast to RUN_NOW to run once now."


@strawberry.interface(description="A schedule: the due times of a task or workflow.")
class Schedule:
    summary: str = strawberry.field(description="The schedule in one sentence of English.")
    description: str = strawberry.field(
        description="The schedule in a few words for lists, such as `weekdays at 09:00, Berlin`."
    )


@strawberry.type(description="A single due time.")
class OnceSchedule(Schedule):
    at: datetime = strawberry.field(description="Due time.")


@strawberry.type(
    description="Due times at `start`, `start + interval`, and so on, in elapsed time: clock changes have no effect."
)
class IntervalSchedule(Schedule):
    interval: timedelta = strawberry.field(description="Time between two due times.")
    start: datetime = strawberry.field(description="First due time.")
    end: datetime | None = strawberry.field(description="Last possible due time; null if the schedule does not end.")


@strawberry.type(description="Due times that match a cron expression in a time zone.")
class CronSchedule(Schedule):
    expression: str = strawberry.field(description="Cron expression, as it was entered.")
    time_zone: str = strawberry.field(description="IANA name of the time zone, such as `Europe/Berlin`.")


@strawberry.type(description="The handling of due times that passed while no server could run them.")
class Misfire:
    policy: MisfirePolicy = strawberry.field(description="Policy that selects the due times to run.")
    grace: timedelta = strawberry.field(
        description="Grace period: a due time counts as on time if it is at most this late."
    )
    max_runs: int = strawberry.field(description="With RUN_ALL, the maximum number of missed due times to run.")


@strawberry.input(description="Due times at `start`, `start + interval`, and so on, in elapsed time.")
class EveryInput:
    interval: timedelta = strawberry.field(description="Time between two due times, at least `PT1S`.")
    start: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "First due time. Default: one interval from now, or the start of the schedule that this one replaces if "
            "both have the same interval."
        ),
    )
    end: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Last possible due time. Default: none."
    )


@strawberry.input(description="Due times that match a cron expression in a time zone.")
class CronInput:
    expression: str = strawberry.field(
        description=(
            "Cron expression: minute, hour, day of month, month, day of week (0 and 7 are Sunday), with an optional "
            "field for seconds in front. Supports names, lists, ranges, steps, `L` and `#`, or one of `@hourly`, "
            "`@daily`, `@weekly`, `@monthly` and `@yearly`."
        )
    )
    time_zone: str = strawberry.field(default="UTC", description="IANA name of the time zone, such as `Europe/Berlin`.")


@strawberry.input(one_of=True, description="The due times of a task. Set exactly one field.")
class ScheduleInput:
    now: strawberry.Maybe[bool] = strawberry.field(
        description="Due once, immediately; must be `true`. Sending it again for the same task does not run it again."
    )
    at: strawberry.Maybe[datetime] = strawberry.field(description="Due once, at this time.")
    every: strawberry.Maybe[EveryInput] = strawberry.field(description="Due at a fixed interval.")
    cron: strawberry.Maybe[CronInput] = strawberry.field(description="Due when a cron expression matches.")


@strawberry.input(description="The handling of due times that passed while no server could run them.")
class MisfireInput:
    policy: MisfirePolicy = strawberry.field(
        default=MisfirePolicy.RUN_ONCE, description="Policy that selects the due times to run."
    )
    grace: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="Grace period: a due time counts as on time if it is at most this late. Default: `PT1M`.",
    )
    max_runs: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="With RUN_ALL, the maximum number of missed due times to run, 1 to 1000. Default: 100.",
    )


def to_schedule(schedule: schedules.Schedule) -> Schedule:
    """Convert a schedule."""
    words = {"summary": schedules.describe_schedule(schedule), "description": schedules.describe_briefly(schedule)}
    match schedules.current_schedule(schedule):
        case schedules.Once(at):
            return OnceSchedule(**words, at=at)
        case schedules.Every(interval, start, end):
            return IntervalSchedule(**words, interval=interval, start=start, end=end)
        case schedules.Cron(expression, time_zone):
            return CronSchedule(**words, expression=expression, time_zone=time_zone)


def parse_schedule(
    input_: ScheduleInput, now: datetime, if_past: IfPast | None = None, before: schedules.SimpleSchedule | None = None
) -> schedules.SimpleSchedule:
    """Convert the input to a schedule. Raises InvalidInput with a path relative to the schedule.

    `if_past` is the handling of an `at` before `now`; None keeps it. `before` is the schedule that is replaced: the
    same single due time returns it unchanged, and the same interval without a start keeps its phase.
    """
    if input_.now is not None:
        if not input_.now.value:
            raise InvalidInput("now must be true. Leave it out to set another kind of schedule.", "now")
        return before if _requests(before, _NOW) else schedules.Once(now, _NOW)
    schedule = parse_params(ScheduleSpec, to_params(input_)).to_schedule(now, before)
    return _once(schedule.at, now, if_past, before) if isinstance(schedule, schedules.Once) else schedule


def _once(
    at: datetime, now: datetime, if_past: IfPast | None, before: schedules.SimpleSchedule | None
) -> schedules.SimpleSchedule:
    requested = format_datetime(at)
    if before == schedules.Once(at) or _requests(before, requested):
        return before
    if at < now and if_past is IfPast.REFUSE:
        raise InvalidInput(_PAST, "at")
    return schedules.Once(now, requested) if at < now and if_past is IfPast.RUN_NOW else schedules.Once(at)


def _requests(before: schedules.SimpleSchedule | None, requested: str) -> TypeGuard[schedules.Once]:
    """Tell whether the previous schedule was created by the same request."""
    return isinstance(before, schedules.Once) and before.requested == requested


def require_preview_count(count: int) -> None:
    """Check the number of due times that are wanted. Raises InvalidInput."""
    if not 1 <= count <= _MAX_PREVIEW:
        raise InvalidInput(f"count must be 1 to {_MAX_PREVIEW}; it is {count}.", "count")


def to_misfire(misfire: schedules.Misfire) -> Misfire:
    """Convert a misfire policy."""
    return Misfire(policy=misfire.policy, grace=misfire.grace, max_runs=misfire.max_runs)


def parse_misfire(input_: MisfireInput | None) -> schedules.Misfire:
    """Convert the input to a misfire policy, with defaults."""
    return parse_params(MisfireSpec, to_params(input_)).to_misfire() if input_ else schedules.Misfire()
