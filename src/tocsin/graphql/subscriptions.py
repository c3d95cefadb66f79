"""What is told as it happens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from tocsin import events
from tocsin.documents import OPEN_WORKFLOW_RUNS, RunStatus, TaskStatus
from tocsin.errors import InvalidInput, NotFound
from tocsin.events import ChangeKind
from tocsin.graphql import access, ids
from tocsin.graphql.context import Context, Info
from tocsin.graphql.run_types import Run, load_run
from tocsin.graphql.task_types import Task, load_task
from tocsin.graphql.workflow_events import WorkflowRunEvent, WorkflowRunEventKind, workflow_event
from tocsin.graphql.workflow_run_types import load_workflow_run
from tocsin.workflows.owned import find_workflow_run

LONGEST_LIMIT = 10_000
_SNAPSHOT = WorkflowRunEventKind.SNAPSHOT
Event = TypeVar("Event")
_AFTER = (
    "The `at` of the last event you got before the connection broke: what happened since is told first, each change "
    "at least once, instead of the SNAPSHOT. Any server of the installation can do that for some minutes; if it "
    "cannot, the first event is a SNAPSHOT."
)
After = Annotated[datetime | None, strawberry.argument(description=_AFTER)]
Limit = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many events to tell before the subscription completes, 1 to {LONGEST_LIMIT:,}. Default: all."
    ),
]


@strawberry.type(
    description=(
        "A change of one of your tasks or of its runs. The statuses are as of the change, the objects as of "
        "its delivery."
    )
)
class TaskEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: ChangeKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When it happened, by the database's clock.")
    task_id: strawberry.ID | None = strawberry.field(description="The task; null in the SNAPSHOT of all tasks.")
    task_status: TaskStatus | None = strawberry.field(
        description="The status that the task got; null if that did not change."
    )
    run_status: RunStatus | None = strawberry.field(
        description="The status that the run got; null if that did not change."
    )

    @strawberry.field(description="The task as it is now; null when it was deleted, and in the SNAPSHOT of all tasks.")
    async def task(self, info: Info) -> Task | None:
        task_id = self.change.task_id
        return None if task_id is None else await load_task(info, self.owner, task_id)

    @strawberry.field(description="The run as it is now; null if the event is of the task alone.")
    async def run(self, info: Info) -> Run | None:
        run_id = self.change.run_id
        return None if run_id is None else await load_run(info, self.owner, run_id)


@strawberry.type(description="What is told as it happens.")
class Subscription:
    @strawberry.subscription(
        description=(
            "Changes of your tasks and runs, made by whatever process. The first event is a SNAPSHOT: what"
            " is read after it "
            "misses no change. Another SNAPSHOT comes when changes had to be dropped."
        )
    )
    async def task_events(
        self,
        info: Info,
        task_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only of this task. Default: of all your tasks.")
        ] = strawberry.UNSET,
        after: After = strawberry.UNSET,
        limit: Limit = strawberry.UNSET,
    ) -> AsyncGenerator[TaskEvent, None]:
        owner = await access.owner(info)
        _check_limit(limit)
        wanted = ids.require("Task", task_id, "taskId") if task_id else None
        if wanted is not None and await load_task(info, owner, wanted) is None:
            raise NotFound("You have no task with this id.", "taskId")
        return _first(limit, _events(info.context, owner, wanted, after or None))

    @strawberry.subscription(
        description=(
            "Changes of your workflow runs and their steps, made by whatever process. The first event is a SNAPSHOT: "
            "what is read after it misses no change. Another SNAPSHOT comes when changes had to be dropped."
        )
    )
    async def workflow_run_events(
        self,
        info: Info,
        workflow_run_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only of this one. Default: of all of yours.")
        ] = strawberry.UNSET,
        after: After = strawberry.UNSET,
        limit: Limit = strawberry.UNSET,
        until_end: Annotated[
            bool,
            strawberry.argument(
                description="Complete the subscription once the workflow run has ended. Needs `workflowRunId`."
            ),
        ] = False,
    ) -> AsyncGenerator[WorkflowRunEvent, None]:
        owner = await access.owner(info)
        _check_limit(limit)
        if until_end and not workflow_run_id:
            raise InvalidInput("untilEnd needs workflowRunId: say which workflow run is meant.", "workflowRunId")
        wanted = ids.require("WorkflowRun", workflow_run_id, "workflowRunId") if workflow_run_id else None
        if wanted is not None and await load_workflow_run(info, owner, wanted) is None:
            raise NotFound("You have no workflow run with this id.", "workflowRunId")
        if not (until_end and wanted):
            return _first(limit, _workflow_events(info.context, owner, wanted, after or None))
        since = after or None if await _is_open(owner, wanted) else None  # of what has ended nothing may be to come
        return _first(limit, _until_end(_workflow_events(info.context, owner, wanted, since), owner, wanted))


def _check_limit(limit: int | None) -> None:
    if isinstance(limit, int) and not 1 <= limit <= LONGEST_LIMIT:
        raise InvalidInput(f"limit must be 1 to {LONGEST_LIMIT}; it is {limit}.", "limit")


async def _first(limit: int | None, found: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
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
    """The events up to the one after which the workflow run is found to have ended."""
    async with aclosing(found):
        async for event in found:
            yield event
            if event.status in OPEN_WORKFLOW_RUNS or (event.status is None and event.kind is not _SNAPSHOT):
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
    async with subscription as changes, _ended_with_the_token(context, changes):
        async for change in changes:
            yield workflow_event(change, owner)


async def _events(
    context: Context, owner: str, task_id: str | None, after: datetime | None
) -> AsyncGenerator[TaskEvent, None]:
    subscription = context.services.fanout.subscribe(owner, task_id, after)
    async with subscription as changes, _ended_with_the_token(context, changes):
        async for change in changes:
            yield _event(change, owner)


@asynccontextmanager
async def _ended_with_the_token(context: Context, changes: events.Subscription) -> AsyncIterator[None]:
    """Nothing else would end server-sent events; a WebSocket is closed as a whole (see web/graphql_ws.py)."""
    if context.is_socket:
        yield
        return

    async def watch() -> None:
        changes.fail(await context.loss())

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _event(change: events.Change, owner: str) -> TaskEvent:
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
