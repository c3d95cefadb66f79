"""The filter of dead letters."""

from datetime import datetime

import strawberry

from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.documents import ErrorKind
from tocsin.graphql import ids


@strawberry.input(description="Filters for dead letters, combined with AND.")
class DeadLetterFilter:
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Runs of this task.")
    workflow: str | None = strawberry.field(
        default=strawberry.UNSET, description="Steps of your workflow of this name."
    )
    host: str | None = strawberry.field(
        default=strawberry.UNSET, description="HTTP jobs whose URL has this host: a name or address, without a port."
    )
    error_kind: ErrorKind | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed with this kind of error."
    )
    finished_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed at or after this time."
    )
    finished_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed before this time (exclusive)."
    )


def parse_dead_letter_filter(input_: DeadLetterFilter | None) -> dead_letter_filter.DeadLetterFilter:
    """Convert a filter of the API. Raises InvalidInput with a path under `filter`."""
    if not input_:
        return dead_letter_filter.DeadLetterFilter()
    host = dead_letter_filter.parse_host(input_.host, "filter", "host") if isinstance(input_.host, str) else None
    task = (
        (ids.decode_as("Task", input_.task_id, "filter", "taskId") or "") if isinstance(input_.task_id, str) else None
    )
    return dead_letter_filter.DeadLetterFilter(
        task=task,
        workflow=input_.workflow if isinstance(input_.workflow, str) else None,
        host=host,
        error_kind=input_.error_kind or None,
        finished_after=input_.finished_after or None,
        finished_before=input_.finished_before or None,
    )
