"""Schedules and misfire policies: as they are given, and as they are shown."""

from datetime import datetime, timedelta
from typing import TypeGuard

import strawberry

from tocsin import schedules
from tocsin.errors import InvalidInput
from tocsin.graphql.enums import IfPast
from tocsin.schedules import MisfirePolicy
from tocsin.schedules.moments import write_moment

_NOW = "now"
_PAST = "This time has passed. Give a later one, or set ifPast to RUN_NOW to run once now."


@strawberry.interface(description="When a task is due.")
class Schedule:
    summary: str = strawberry.field(description="The schedule in one plain sentence.")


@strawberry.type(description="Due once.")
class OnceSchedule(Schedule):
    at: datetime = strawberry.field(description="The due time.")


@strawberry.type(description="Due at `start`, `start + interval`, and so on: elapsed time, whatever clocks do.")
class IntervalSchedule(Schedule):
    interval: timedelta = strawberry.field(description="The time from one due time to the next.")
    start: datetime = strawberry.field(description="The first due time.")
    end: datetime | None = strawberry.field(description="No due time is later than this; null: it never ends.")


@strawberry.type(description="Due when the clock of a time zone matches a cron expression.")
class CronSchedule(Schedule):
    expression: str = strawberry.field(description="The cron expression, as it was given.")
    time_zone: str = strawberry.field(description="The IANA name of the time zone, such as `Europe/Berlin`.")


@strawberry.type(description="What happens to due times that passed while nobody could run them.")
class Misfire:
    policy: MisfirePolicy = strawberry.field(description="What runs.")
    grace: timedelta = strawberry.field(description="A run found at most this late still counts as on time.")
    max_runs: int = strawberry.field(description="With RUN_ALL: how many missed due times run at most.")


@strawberry.input(description="Due at `start`, `start + interval`, and so on.")
class EveryInput:
    interval: timedelta = strawberry.field(description="At least `PT1S`.")
    start: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "The first due time. Default: one interval from now, or as it was if the schedule that this one "
            "replaces has the same interval."
        ),
    )
    end: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="No due time is later than this. Default: it never ends."
    )


@strawberry.input(description="Due when the clock of a time zone matches a cron expression.")
class CronInput:
    expression: str = strawberry.field(
        description=(
            "Minute, hour, day of month, month, day of week (0 and 7 are Sunday); names, lists, ranges, "
            "steps, `L`, `#`; "
            "a sixth field in front for seconds; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`."
        )
    )
    time_zone: str = strawberry.field(default="UTC", description="An IANA name, such as `Europe/Berlin`.")


@strawberry.input(one_of=True, description="When a task is due: exactly one of these.")
class ScheduleInput:
    now: strawberry.Maybe[bool] = strawberry.field(
        description="Once, at once; can only be `true`. Sent again to the same task, it changes nothing."
    )
    at: strawberry.Maybe[datetime] = strawberry.field(description="Once, at this time.")
    every: strawberry.Maybe[EveryInput] = strawberry.field(description="Every interval.")
    cron: strawberry.Maybe[CronInput] = strawberry.field(description="By a cron expression.")


@strawberry.input(description="What happens to due times that passed while nobody could run them.")
class MisfireInput:
    policy: MisfirePolicy = strawberry.field(default=MisfirePolicy.RUN_ONCE, description="What runs.")
    grace: timedelta | None = strawberry.field(
        default=strawberry.UNSET, description="How late still counts as on time. Default: `PT1M`."
    )
    max_runs: int | None = strawberry.field(
        default=strawberry.UNSET, description="With RUN_ALL: how many run at most, 1 to 1000. Default: 100."
    )


def schedule_type(schedule: schedules.Schedule) -> Schedule:
    """The schedule as it is shown."""
    summary = schedules.summary(schedule)
    match schedules.plain(schedule):
        case schedules.Once(at):
            return OnceSchedule(summary=summary, at=at)
        case schedules.Every(interval, start, end):
            return IntervalSchedule(summary=summary, interval=interval, start=start, end=end)
        case schedules.Cron(expression, time_zone):
            return CronSchedule(summary=summary, expression=expression, time_zone=time_zone)


def read_schedule(
    given: ScheduleInput, now: datetime, if_past: IfPast | None = None, before: schedules.Plain | None = None
) -> schedules.Plain:
    """The schedule that is meant at `now`. Raises InvalidInput, the path relative to the schedule input.

    `if_past` says what to do with an `at` that has passed; None leaves it as it is. `before` is the schedule that it
    replaces: the same request for a single run is that one, and the same interval without a start keeps its phase.
    """
    if given.now is not None and not given.now.value:
        raise InvalidInput("now can only be true. Leave it out to give another kind of schedule.", "now")
    if given.at is not None:
        return _once(given.at.value, now, if_past, before)
    if given.every is not None:
        every = given.every.value
        start = every.start or schedules.default_start(every.interval, before, now)
        return schedules.Every(every.interval, start, every.end or None)
    if given.cron is not None:
        return schedules.Cron(given.cron.value.expression, given.cron.value.time_zone)
    return before if _requests(before, _NOW) else schedules.Once(now, _NOW)


def _once(at: datetime, now: datetime, if_past: IfPast | None, before: schedules.Plain | None) -> schedules.Plain:
    requested = write_moment(at)
    if before == schedules.Once(at) or _requests(before, requested):
        return before
    if at < now and if_past is IfPast.REFUSE:
        raise InvalidInput(_PAST, "at")
    return schedules.Once(now, requested) if at < now and if_past is IfPast.RUN_NOW else schedules.Once(at)


def _requests(before: schedules.Plain | None, requested: str) -> TypeGuard[schedules.Once]:
    """Tell whether the schedule before came of this very request."""
    return isinstance(before, schedules.Once) and before.requested == requested


def misfire_type(misfire: schedules.Misfire) -> Misfire:
    """The policy as it is shown."""
    return Misfire(policy=misfire.policy, grace=misfire.grace, max_runs=misfire.max_runs)


def read_misfire(given: MisfireInput | None) -> schedules.Misfire:
    """The policy that is meant."""
    default = schedules.Misfire()
    if not given:
        return default
    grace = default.grace if given.grace is None or given.grace is strawberry.UNSET else given.grace
    max_runs = default.max_runs if given.max_runs is None or given.max_runs is strawberry.UNSET else given.max_runs
    return schedules.Misfire(given.policy, grace, max_runs)
