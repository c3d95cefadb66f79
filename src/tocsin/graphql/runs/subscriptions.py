"""The subscription of the runs of a whole account."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from tocsin.documents import ChangeKind, RunStatus
from tocsin.events import ChangeFilter
from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.event_arguments import (
    ResumeAfter,
    ResumeAfterCursor,
    TaskIds,
    parse_kinds,
    parse_start,
    parse_task_ids,
)
from tocsin.graphql.event_streams import stream_events
from tocsin.graphql.runs.events import RunEvent, to_run_event
from tocsin.graphql.streams import EventLimit, check_limit


@strawberry.type
class RunSubscriptions:
    @strawberry.subscription(
        description=(
            "Subscribe to the changes of the runs of your tasks, such as for a dashboard. The first event is a "
            "SNAPSHOT: state that you read after it, together with the following events, misses no change. A RESYNC "
            "follows if events had to be dropped: read the state again. Both are sent whatever is filtered."
        )
    )
    async def run_events(
        self,
        info: Info,
        task_ids: TaskIds = strawberry.UNSET,
        statuses: Annotated[
            list[RunStatus] | None,
            strawberry.argument(description="Return only events with one of these statuses. Default: all."),
        ] = strawberry.UNSET,
        after_cursor: ResumeAfterCursor = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
        after: ResumeAfter = strawberry.UNSET,
    ) -> AsyncGenerator[RunEvent, None]:
        owner = await access.require_owner(info)
        check_limit(limit)
        start = parse_start(info, after, after_cursor)
        changes = ChangeFilter(
            owner,
            task_ids=await parse_task_ids(info, owner, task_ids),
            kinds=frozenset({ChangeKind.RUN_CREATED, ChangeKind.RUN_UPDATED}),
            run_statuses=parse_kinds(statuses, "statuses"),
        )
        return stream_events(info.context, changes, start, limit or None, lambda change: to_run_event(change, owner))
