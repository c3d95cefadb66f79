"""What a task with given settings would do."""

import asyncio
from datetime import datetime, timedelta

import strawberry

from tocsin import schedules
from tocsin.clock import MILLISECOND
from tocsin.config import Settings
from tocsin.graphql.arguments import prefix_errors
from tocsin.graphql.tasks.retry import RetryInput, RetryPolicy, parse_retry_policy, to_retry_policy
from tocsin.graphql.tasks.schedule import ScheduleInput, parse_schedule
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.retry_defaults import RetryDefaults


@strawberry.type(description="What a task with given settings would do.")
class TaskPreview:
    summary: str = strawberry.field(description="The schedule in one sentence of English.")
    due_times: list[datetime] = strawberry.field(
        description="Next due times. Those of a cron schedule have the UTC offset of its time zone."
    )
    retry: RetryPolicy = strawberry.field(description="Retry policy in effect, as `Task.retry`.")
    retry_waits: list[timedelta] = strawberry.field(
        description="Longest wait before each retry, from the end of the failed attempt: without jitter."
    )


async def preview_task(
    settings: Settings, schedule: ScheduleInput, retry: RetryInput | None, count: int, now: datetime
) -> TaskPreview:
    """Preview a task. Raises InvalidInput with the path of the invalid argument."""
    with prefix_errors("schedule"):
        parsed = parse_schedule(schedule, now)
        schedules.validate_schedule(parsed)
    own = parse_retry_policy(retry)
    if own is not None:
        retries.validate_policy(own)
    dues, interval = await asyncio.to_thread(_find_times, parsed, now, count)
    policy = RetryDefaults.from_settings(settings).complete_policy(own, interval)
    return TaskPreview(
        summary=schedules.describe_schedule(parsed),
        due_times=dues,
        retry=to_retry_policy(policy, is_default=own is None),
        retry_waits=[policy.wait_before(retry, 0.0) for retry in range(policy.max_retries or 0)],
    )


def _find_times(
    schedule: schedules.SimpleSchedule, now: datetime, count: int
) -> tuple[list[datetime], timedelta | None]:
    """Return the next due times and the shortest interval between due times."""
    dues = schedules.preview_due_times(schedule, now - MILLISECOND, count)
    shortest = schedules.shortest_interval_ms(schedules.schedule_to_document(schedule), now)
    return dues, None if shortest is None else shortest * MILLISECOND
