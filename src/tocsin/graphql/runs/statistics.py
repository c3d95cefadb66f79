"""Statistics of runs, and the latest outcomes of a task."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import OutcomeDocument, RunStatus
from tocsin.errors import InvalidInput
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import TimeWindow, prefix_errors
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.runs.lists import parse_task_id
from tocsin.statistics.periods import MAX_PERIODS, Bucket, PeriodStatistics
from tocsin.statistics.reader import read_statistics
from tocsin.statistics.tally import ALL, moment_of, queue_scope, task_scope, workflow_scope

describe_enum(
    Bucket,
    "The length of the buckets of statistics. They begin at whole minutes, hours and days in UTC.",
    {
        "MINUTE": "A minute. For the last 8 days, and not for a single task or workflow.",
        "FIVE_MINUTES": "Five minutes. For the last 8 days, and not for a single task or workflow.",
        "HOUR": "An hour.",
        "DAY": "A day.",
    },
    name="StatisticsBucket",
)


@strawberry.input(description="The runs of statistics: all of yours, or those of one task, workflow or queue.")
class RunStatisticsFilter:
    due_at: TimeWindow = strawberry.field(
        description=(
            "Runs that were due in this period, extended to whole buckets. `from` is required; `to` is now by default."
        )
    )
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Runs of this task.")
    workflow: str | None = strawberry.field(
        default=strawberry.UNSET, description="Runs of the steps of the workflow with this name."
    )
    queue: str | None = strawberry.field(default=strawberry.UNSET, description="Your runs in this queue.")


@strawberry.type(
    description=(
        "Numbers of runs that were due in a period and have ended. A duration is that of the last attempt, lateness "
        "the time from the due time to the first attempt, both of runs that completed or failed. Percentiles differ by "
        "at most 5 % from the true ones."
    )
)
class RunStatisticsBucket:
    statistics: strawberry.Private[PeriodStatistics]
    from_: datetime = strawberry.field(name="from", description="Start of the period, inclusive.")
    to: datetime = strawberry.field(description="End of the period, exclusive.")

    @strawberry.field(description="Number of runs that have ended.")
    def total(self) -> int:
        return sum(self.statistics.tally.statuses.values())

    @strawberry.field(description="Number of runs that completed.")
    def completed(self) -> int:
        return self._count(RunStatus.COMPLETED)

    @strawberry.field(description="Number of runs that failed for good.")
    def failed(self) -> int:
        return self._count(RunStatus.FAILED)

    @strawberry.field(description="Number of runs that were cancelled.")
    def cancelled(self) -> int:
        return self._count(RunStatus.CANCELLED)

    @strawberry.field(description="Number of runs that were skipped because of another run of their task.")
    def skipped(self) -> int:
        return self._count(RunStatus.SKIPPED)

    @strawberry.field(description="Number of runs that record missed due times.")
    def missed(self) -> int:
        return self._count(RunStatus.MISSED)

    @strawberry.field(description="Median duration in milliseconds; null if nothing was attempted.")
    def duration_p50_ms(self) -> int | None:
        return self.statistics.duration(0.5)

    @strawberry.field(description="95th percentile of the durations in milliseconds; null if nothing was attempted.")
    def duration_p95_ms(self) -> int | None:
        return self.statistics.duration(0.95)

    @strawberry.field(description="Median lateness in milliseconds; null if nothing was attempted.")
    def lateness_p50_ms(self) -> int | None:
        return self.statistics.lateness(0.5)

    @strawberry.field(description="95th percentile of the lateness in milliseconds; null if nothing was attempted.")
    def lateness_p95_ms(self) -> int | None:
        return self.statistics.lateness(0.95)

    def _count(self, status: RunStatus) -> int:
        return self.statistics.tally.statuses[status]


@strawberry.type(description="Statistics of runs by the time at which they were due.")
class RunStatistics:
    buckets: list[RunStatisticsBucket] = strawberry.field(
        description="All buckets of the period in order, also those without runs."
    )
    total: RunStatisticsBucket = strawberry.field(description="The whole period.")


@strawberry.type(description="The outcome of a run of a task.")
class RunOutcome:
    run_id: strawberry.ID = strawberry.field(description="Global ID of the run.")
    status: RunStatus = strawberry.field(description="Status with which it ended.")
    due_at: datetime = strawberry.field(description="Time at which it was due.")
    duration_ms: int | None = strawberry.field(
        description="Duration of its last attempt in milliseconds; null without one, or if it was cancelled."
    )


def to_outcome(outcome: OutcomeDocument) -> RunOutcome:
    """Return a stored outcome as the API shows it."""
    return RunOutcome(
        run_id=strawberry.ID(ids.encode_id("Run", outcome["r"])),
        status=RunStatus(outcome["s"]),
        due_at=moment_of(outcome["d"]),
        duration_ms=outcome["m"],
    )


def to_bucket(statistics: PeriodStatistics) -> RunStatisticsBucket:
    """Return the statistics of a period as the API shows them."""
    return RunStatisticsBucket(statistics=statistics, from_=statistics.starts_at, to=statistics.ends_at)


@strawberry.type
class RunStatisticsQueries:
    @strawberry.field(
        description=(
            "Statistics of your runs, counted when these end: they cost the same however many there are. A run that is "
            f"repeated counts by its last end. At most {MAX_PERIODS} buckets."
        )
    )
    async def run_statistics(
        self,
        info: Info,
        filter: Annotated[RunStatisticsFilter, strawberry.argument(description="The runs.")],
        bucket: Annotated[Bucket, strawberry.argument(description="Length of the buckets.")],
    ) -> RunStatistics:
        owner = await access.require_owner(info)
        window, now = filter.due_at, clock.now()
        if not window.from_:
            raise InvalidInput("`from` is required.", "filter", "dueAt", "from")
        services = info.context.services
        with prefix_errors("filter"):
            scope = _parse_scope(filter, owner)
        found = await read_statistics(
            services.database, services.statistics, owner, scope, window.from_, window.to or now, bucket, now
        )
        return RunStatistics(buckets=[to_bucket(each) for each in found.periods], total=to_bucket(found.total))


def _parse_scope(filter_: RunStatisticsFilter, owner: str) -> str:
    """Return the scope of a filter. Raises InvalidInput for several."""
    given = [name for name in ("task_id", "workflow", "queue") if getattr(filter_, name)]
    if len(given) > 1:
        raise InvalidInput("Give at most one of `taskId`, `workflow` and `queue`.")
    if filter_.task_id:
        return task_scope(parse_task_id(filter_.task_id, owner))
    if filter_.workflow:
        return workflow_scope(filter_.workflow)
    return queue_scope(filter_.queue) if filter_.queue else ALL
