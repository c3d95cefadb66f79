"""The root type `Subscription`: events of tasks, runs and workflow runs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from tocsin import events
from tocsin.documents import OPEN_WORKFLOW_RUN_STATUSES, RunStatus, TaskStatus
from tocsin.errors import InvalidInput, NotFound
from tocsin.events import ChangeKind
from tocsin.graphql import access, ids
from tocsin.graphql.context import Context, Info
from tocsin.graphql.runs.types import Run, load_run
from tocsin.graphql.tasks.types import Task, load_task
from tocsin.graphql.workflows.events import WorkflowRunEvent, WorkflowRunEventKind, to_workflow_run_event
from tocsin.graphql.workflows.run_types import load_workflow_run
from tocsin.workflows.ownership import find_workflow_run

MAX_EVENTS = 10_000
_SNAPSHOT = WorkflowRunEventKind.SNAPSHOT
Event = TypeVar("Event")
_AFTER = (
    "`at` of the last event received before the connection was lost. The stream then starts with the changes since "
    "that time, each at least once, instead of a SNAPSHOT. Every server of the installation keeps the changes of the "
    "last minutes; if `after` is older, the stream starts with a SNAPSHOT."
)
ResumeAfter = Annotated[datetime | None, strawberry.argument(description=_AFTER)]
EventLimit = Annotated[
    int | None,
    strawberry.argument(
        description=f"Number of events to send before completing, 1 to {MAX_EVENTS:,}. Default: no limit."
    ),
]


@strawberry.type(
    description=(
        "A change of one of your tasks or its runs. Statuses are those at the time of the change, objects those at the "
        "time of delivery."
    )
)
class TaskEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: ChangeKind = strawberry.field(description="Kind of the change.")
    at: datetime = strawberry.field(description="Time of the change, by the clock of the database.")
    task_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the task; null in a SNAPSHOT of all tasks."
    )
    task_status: TaskStatus | None = strawberry.field(description="New status of the task; null if it did not change.")
    run_status: RunStatus | None = strawberry.field(description="New status of the run; null if it did not change.")

    @strawberry.field(description="Current state of the task; null if it was deleted, and in a SNAPSHOT of all tasks.")
    async def task(self, info: Info) -> Task | None:
        task_id = self.change.task_id
        return None if task_id is None else await load_task(info, self.owner, task_id)

    @strawberry.field(description="Current state of the run; null if the event concerns only the task.")
    async def run(self, info: Info) -> Run | None:
        run_id = self.change.run_id
        return None if run_id is None else await load_run(info, self.owner, run_id)


@strawberry.type(description="The subscriptions of the API.")
class Subscription:
    @strawberry.subscription(
        description=(
            "Subscribe to the changes of your tasks and runs, whichever process makes them. The first event is a "
            "SNAPSHOT: state that you read after it, together with the following events, misses no change. Another "
            "SNAPSHOT follows if events had to be dropped."
        )
    )
    async def task_events(
        self,
        info: Info,
        task_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Return only events of this task. Default: of all your tasks."),
        ] = strawberry.UNSET,
        after: ResumeAfter = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
    ) -> AsyncGenerator[TaskEvent, None]:
        owner = await access.require_owner(info)
        _check_limit(limit)
        wanted = ids.require_id("Task", task_id, "taskId") if task_id else None
        if wanted is not None and await load_task(info, owner, wanted) is None:
            raise NotFound("You have no task with this id.", "taskId")
        return _take(limit, _task_events(info.context, owner, wanted, after or None))

    @strawberry.subscription(
        description=(
            "Subscribe to the changes of your workflow runs and their steps, whichever process makes them. The first "
            "event is a SNAPSHOT: state that you read after it, together with the following events, misses no change. "
            "Another SNAPSHOT follows if events had to be dropped."
        )
    )
    async def workflow_run_events(
        self,
        info: Info,
        workflow_run_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Return only events of this workflow run. Default: of all yours."),
        ] = strawberry.UNSET,
        after: ResumeAfter = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
        until_end: Annotated[
            bool,
            strawberry.argument(
                description="Complete the subscription once the workflow run has ended. Requires `workflowRunId`."
            ),
        ] = False,
    ) -> AsyncGenerator[WorkflowRunEvent, None]:
        owner = await access.require_owner(info)
        _check_limit(limit)
        if until_end and not workflow_run_id:
            raise InvalidInput("untilEnd requires workflowRunId. Set the workflow run to follow.", "workflowRunId")
        wanted = ids.require_id("WorkflowRun", workflow_run_id, "workflowRunId") if workflow_run_id else None
        if wanted is not None and await load_workflow_run(info, owner, wanted) is None:
            raise NotFound("You have no workflow run with this id.", "workflowRunId")
        if not (until_end and wanted):
            return _take(limit, _workflow_events(info.context, owner, wanted, after or None))
        # If the run has ended, no further event may come after `after`, so the stream starts with a SNAPSHOT.
        since = after or None if await _is_open(owner, wanted) else None
        return _take(limit, _until_end(_workflow_events(info.context, owner, wanted, since), owner, wanted))


def _check_limit(limit: int | None) -> None:
    if isinstance(limit, int) and not 1 <= limit <= MAX_EVENTS:
        raise InvalidInput(f"limit must be 1 to {MAX_EVENTS}; it is {limit}.", "limit")


async def _take(limit: int | None, found: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    async with aclosing(found):
        count = 0
        async for event in found:
            yield event
            count += 1
            if count == limit:
                return


async def _until_end(
    found: AsyncGenerator[WorkflowRunEvent, None], owner: str, run_id: str
) -> AsyncGenerator[WorkflowRunEvent, None]:
    """Yield events until the workflow run has ended."""
    async with aclosing(found):
        async for event in found:
            yield event
            if event.status in OPEN_WORKFLOW_RUN_STATUSES or (event.status is None and event.kind is not _SNAPSHOT):
                continue
            if not await _is_open(owner, run_id):
                return


async def _is_open(owner: str, run_id: str) -> bool:
    run = await find_workflow_run(owner, run_id)
    return run is not None and run.open


async def _workflow_events(
    context: Context, owner: str, run_id: str | None, after: datetime | None
) -> AsyncGenerator[WorkflowRunEvent, None]:
    subscription = context.services.fanout.subscribe_workflows(owner, run_id, after)
    async with subscription as changes, _ending_with_token(context, changes):
        async for change in changes:
            yield to_workflow_run_event(change, owner)


async def _task_events(
    context: Context, owner: str, task_id: str | None, after: datetime | None
) -> AsyncGenerator[TaskEvent, None]:
    subscription = context.services.fanout.subscribe(owner, task_id, after)
    async with subscription as changes, _ending_with_token(context, changes):
        async for change in changes:
            yield _to_task_event(change, owner)


@asynccontextmanager
async def _ending_with_token(context: Context, changes: events.ChangeSubscription) -> AsyncIterator[None]:
    """End a stream of server-sent events with its token; a WebSocket is closed as a whole (see web/graphql_ws.py)."""
    if context.is_websocket:
        yield
        return

    async def watch() -> None:
        changes.fail(await context.wait_for_token_end())

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _to_task_event(change: events.Change, owner: str) -> TaskEvent:
    task_id = change.task_id
    return TaskEvent(
        change=change,
        owner=owner,
        kind=change.kind,
        at=change.at,
        task_id=None if task_id is None else strawberry.ID(ids.encode("Task", task_id)),
        task_status=change.task_status,
        run_status=change.run_status,
    )
