"""The root type `Subscription`: events of tasks, runs and workflow runs, and notifications."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from tocsin import events
from tocsin.documents import OPEN_WORKFLOW_RUN_STATUSES, RunStatus
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info
from tocsin.graphql.event_arguments import (
    ResumeAfter,
    ResumeAfterCursor,
    TaskIds,
    parse_kinds,
    parse_start,
    parse_task_ids,
)
from tocsin.graphql.event_streams import stream_alone, stream_events
from tocsin.graphql.node import TASK, WORKFLOW, WORKFLOW_RUN, load_node
from tocsin.graphql.notifications.inbox_subscriptions import NotificationSubscriptions
from tocsin.graphql.runs.subscriptions import RunSubscriptions
from tocsin.graphql.streams import EventLimit, check_limit, take
from tocsin.graphql.tasks.events import TaskEvent, to_task_event
from tocsin.graphql.workflows.definition_events import WorkflowSubscriptions
from tocsin.graphql.workflows.events import (
    CHANGE_KINDS,
    WorkflowRunEvent,
    WorkflowRunEventKind,
    to_workflow_run_event,
)
from tocsin.workflows.ownership import find_workflow_run

_STREAM = (WorkflowRunEventKind.SNAPSHOT, WorkflowRunEventKind.RESYNC)


@strawberry.type(description="The subscriptions of the API.")
class Subscription(NotificationSubscriptions, RunSubscriptions, WorkflowSubscriptions):
    @strawberry.subscription(
        description=(
            "Subscribe to the changes of your tasks and runs, whichever process makes them. The first event is a "
            "SNAPSHOT: state that you read after it, together with the following events, misses no change. A RESYNC "
            "follows if events had to be dropped: read the state again. Both are sent whatever is filtered."
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
        after_cursor: ResumeAfterCursor = strawberry.UNSET,
        task_ids: TaskIds = strawberry.UNSET,
        kinds: Annotated[
            list[events.ChangeKind] | None,
            strawberry.argument(description="Return only events of these kinds. Default: of all."),
        ] = strawberry.UNSET,
        run_statuses: Annotated[
            list[RunStatus] | None,
            strawberry.argument(
                description="Of the events of runs, return only those with one of these statuses. Default: all."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[TaskEvent, None]:
        owner = await access.require_owner(info)
        check_limit(limit)
        start = parse_start(info, after, after_cursor)
        task = ids.require_id("Task", task_id, "taskId") if task_id else None
        if task is not None and await load_node(info, TASK, owner, task) is None:
            raise NotFound("You have no task with this id.", "taskId")
        changes = events.ChangeFilter(
            owner,
            task,
            task_ids=await parse_task_ids(info, owner, task_ids),
            kinds=parse_kinds(kinds, "kinds"),
            run_statuses=parse_kinds(run_statuses, "runStatuses"),
        )
        return stream_events(info.context, changes, start, limit or None, lambda each: to_task_event(each, owner))

    @strawberry.subscription(
        description=(
            "Subscribe to the changes of your workflow runs and their steps, whichever process makes them. The first "
            "event is a SNAPSHOT: state that you read after it, together with the following events, misses no change. "
            "A RESYNC follows if events had to be dropped: read the state again. Both are sent whatever is filtered."
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
        after_cursor: ResumeAfterCursor = strawberry.UNSET,
        workflow_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Return only events of the runs of this workflow. Default: of all."),
        ] = strawberry.UNSET,
        kinds: Annotated[
            list[WorkflowRunEventKind] | None,
            strawberry.argument(description="Return only events of these kinds. Default: of all."),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[WorkflowRunEvent, None]:
        owner = await access.require_owner(info)
        check_limit(limit)
        start = parse_start(info, after, after_cursor)
        if until_end and not workflow_run_id:
            raise InvalidInput("untilEnd requires workflowRunId. Set the workflow run to follow.", "workflowRunId")
        workflow_run = ids.require_id("WorkflowRun", workflow_run_id, "workflowRunId") if workflow_run_id else None
        if workflow_run is not None and await load_node(info, WORKFLOW_RUN, owner, workflow_run) is None:
            raise NotFound("You have no workflow run with this id.", "workflowRunId")
        workflow = ids.require_id("Workflow", workflow_id, "workflowId") if workflow_id else None
        if workflow is not None and await load_node(info, WORKFLOW, owner, workflow) is None:
            raise NotFound("You have no workflow with this id.", "workflowId")
        follows = workflow_run if until_end else None
        if follows and not await _is_open(owner, follows):
            start = None  # no further event may come, so the stream starts with a SNAPSHOT
        wanted = parse_kinds(kinds, "kinds")
        changes = events.ChangeFilter(
            owner,
            workflows=True,
            workflow_run_id=workflow_run,
            kinds=None if wanted is None else frozenset(CHANGE_KINDS[kind] for kind in wanted if kind in CHANGE_KINDS),
            workflow=workflow,
        )

        def convert(change: events.Change) -> WorkflowRunEvent:
            return to_workflow_run_event(change, owner)

        if follows:
            alone = stream_alone(info.context, changes, start, convert)
            return take(limit or None, _until_end(alone, owner, follows))
        return stream_events(info.context, changes, start, limit or None, convert)


async def _until_end(
    stream: AsyncGenerator[WorkflowRunEvent, None], owner: str, run_id: str
) -> AsyncGenerator[WorkflowRunEvent, None]:
    """Yield events until the workflow run has ended."""
    async with aclosing(stream):
        async for event in stream:
            yield event
            if event.status in OPEN_WORKFLOW_RUN_STATUSES or (event.status is None and event.kind not in _STREAM):
                continue
            if not await _is_open(owner, run_id):
                return


async def _is_open(owner: str, run_id: str) -> bool:
    run = await find_workflow_run(owner, run_id)
    return run is not None and run.open
