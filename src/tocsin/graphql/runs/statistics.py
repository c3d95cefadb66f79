"""The query of statistics of runs."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.errors import InvalidInput
from tocsin.graphql import access
from tocsin.graphql.arguments import TimeWindow, prefix_errors
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.runs.lists import parse_task_id
from tocsin.graphql.runs.statistics_types import RunStatistics, to_bucket
from tocsin.statistics.periods import MAX_PERIODS, Bucket, count_documents, plan_periods
from tocsin.statistics.reader import read_statistics
from tocsin.statistics.tally import ALL, queue_scope, task_scope, workflow_scope

_DOCUMENT_COST = 10
"""Points of each document that is read. The longest range has 400."""
_MAX_NAME = 63

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


@strawberry.type
class RunStatisticsQueries:
    @strawberry.field(
        description=(
            "Statistics of your runs, read from counters that are kept when these end. A run that is repeated counts "
            f"by its last end. At most {MAX_PERIODS} buckets. Costs {_DOCUMENT_COST} more points for each day of the "
            "period, and by minutes for each hour."
        )
    )
    async def run_statistics(
        self,
        info: Info,
        filter: Annotated[RunStatisticsFilter, strawberry.argument(description="The runs.")],
        bucket: Annotated[Bucket, strawberry.argument(description="Length of the buckets.")],
    ) -> RunStatistics:
        owner = await access.require_owner(info)
        window, now, services = filter.due_at, clock.now(), info.context.services
        if not window.from_:
            raise InvalidInput("`from` is required.", "filter", "dueAt", "from")
        with prefix_errors("filter"):
            scope = _parse_scope(filter, owner)
        periods = plan_periods(window.from_, window.to or now, bucket, scope, now)
        points = min(_DOCUMENT_COST * count_documents(periods, bucket), services.settings.cost_limit // 2)
        await services.rates.spend_points(owner, points)
        found = await read_statistics(services.database, services.statistics, owner, scope, periods, bucket)
        return RunStatistics(buckets=[to_bucket(each) for each in found.periods], total=to_bucket(found.total))


def _parse_scope(filter_: RunStatisticsFilter, owner: str) -> str:
    """Return the scope of a filter. Raises InvalidInput for several."""
    given = [name for name in ("task_id", "workflow", "queue") if getattr(filter_, name)]
    if len(given) > 1:
        raise InvalidInput("Give at most one of `taskId`, `workflow` and `queue`.")
    if filter_.task_id:
        return task_scope(parse_task_id(filter_.task_id, owner))
    if filter_.workflow:
        return workflow_scope(_check_name(filter_.workflow, "workflow"))
    return queue_scope(_check_name(filter_.queue, "queue")) if filter_.queue else ALL


def _check_name(name: str, field: str) -> str:
    """Return the name, which becomes a part of the ID of each document that is read. Raises InvalidInput."""
    if len(name) > _MAX_NAME:
        raise InvalidInput(f"A {field} has a name of at most {_MAX_NAME} characters.", field)
    return name
