"""The output types of statistics of runs, and of the latest outcomes of a task."""

from datetime import datetime

import strawberry

from tocsin.documents import OutcomeDocument, RunStatus
from tocsin.graphql import ids
from tocsin.statistics.periods import PeriodStatistics
from tocsin.statistics.tally import moment_of


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
