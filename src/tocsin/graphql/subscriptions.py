"""The root type `Subscription`: events of tasks, runs and workflow runs, and notifications."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry

from tocsin import events
from tocsin.documents import OPEN_WORKFLOW_RUN_STATUSES
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.context import Context, Info
from tocsin.graphql.node import TASK, WORKFLOW_RUN, load_node
from tocsin.graphql.notifications.inbox_subscriptions import NotificationSubscriptions
from tocsin.graphql.sharing.delivery import DELIVERY, Delivery
from tocsin.graphql.sharing.identity import find_shared_operation
from tocsin.graphql.sharing.member import MemberEnd
from tocsin.graphql.streams import EventLimit, check_limit, ending_with_token, take
from tocsin.graphql.tasks.events import TaskEvent, to_task_event
from tocsin.graphql.workflows.events import WorkflowRunEvent, WorkflowRunEventKind, to_workflow_run_event
from tocsin.workflows.ownership import find_workflow_run

_SNAPSHOT = WorkflowRunEventKind.SNAPSHOT
Event = TypeVar("Event")
_AFTER = (
    "`at` of the last event received before the connection was lost. The stream then starts with the changes since "
    "that time, each at least once, instead of a SNAPSHOT. Every server of the installation keeps the changes of the "
    "last minutes; if `after` is older, the stream starts with a SNAPSHOT."
)
ResumeAfter = Annotated[datetime | None, strawberry.argument(description=_AFTER)]


@strawberry.type(description="The subscriptions of the API.")
class Subscription(NotificationSubscriptions):
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
        check_limit(limit)
        task = ids.require_id("Task", task_id, "taskId") if task_id else None
        if task is not None and await load_node(info, TASK, owner, task) is None:
            raise NotFound("You have no task with this id.", "taskId")
        changes = events.ChangeFilter(owner, task)
        return _stream_events(
            info.context, changes, after or None, limit or None, lambda each: to_task_event(each, owner)
        )

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
        check_limit(limit)
        if until_end and not workflow_run_id:
            raise InvalidInput("untilEnd requires workflowRunId. Set the workflow run to follow.", "workflowRunId")
        workflow_run = ids.require_id("WorkflowRun", workflow_run_id, "workflowRunId") if workflow_run_id else None
        if workflow_run is not None and await load_node(info, WORKFLOW_RUN, owner, workflow_run) is None:
            raise NotFound("You have no workflow run with this id.", "workflowRunId")
        follows = workflow_run if until_end else None
        # If the run has ended, no further event may come after `after`, so the stream starts with a SNAPSHOT.
        since = None if follows and not await _is_open(owner, follows) else after or None
        changes = events.ChangeFilter(owner, workflows=True, workflow_run_id=workflow_run)

        def convert(change: events.Change) -> WorkflowRunEvent:
            return to_workflow_run_event(change, owner)

        if follows:
            alone = _stream_alone(info.context, changes, since, convert)
            return take(limit or None, _until_end(alone, owner, follows))
        return _stream_events(info.context, changes, since, limit or None, convert)


async def _until_end(
    stream: AsyncGenerator[WorkflowRunEvent, None], owner: str, run_id: str
) -> AsyncGenerator[WorkflowRunEvent, None]:
    """Yield events until the workflow run has ended."""
    async with aclosing(stream):
        async for event in stream:
            yield event
            if event.status in OPEN_WORKFLOW_RUN_STATUSES or (event.status is None and event.kind is not _SNAPSHOT):
                continue
            if not await _is_open(owner, run_id):
                return


async def _is_open(owner: str, run_id: str) -> bool:
    run = await find_workflow_run(owner, run_id)
    return run is not None and run.open


def _stream_events(
    context: Context,
    changes: events.ChangeFilter,
    after: datetime | None,
    limit: int | None,
    convert: Callable[[events.Change], Event],
) -> AsyncGenerator[Event, None]:
    """Share the events with equal subscriptions if the transport can, else return a stream of them."""
    delivery = DELIVERY.get()
    if delivery is None or find_shared_operation(delivery, changes, context.permissions) is None:
        return take(limit, _stream_alone(context, changes, after, convert))
    return _stream_nothing(context, delivery, changes, after, limit, convert)


async def _stream_nothing(
    context: Context,
    delivery: Delivery,
    changes: events.ChangeFilter,
    after: datetime | None,
    limit: int | None,
    convert: Callable[[events.Change], object],
) -> AsyncGenerator[Any, None]:
    """Yield nothing while the events are sent to the outlet of the delivery."""
    ended = None
    while ended is not MemberEnd.LIMIT_REACHED:
        operation = find_shared_operation(delivery, changes, context.permissions)
        if operation is None or delivery.executor is None:
            return
        groups = context.services.subscription_groups
        joined = groups.join(operation, delivery, delivery.executor, convert, after, limit)
        async with joined as member, ending_with_token(context, member):
            ended = await member.ended
        after, limit = None, member.left
    never: tuple[Any, ...] = ()
    for event in never:
        yield event


async def _stream_alone(
    context: Context, filter_: events.ChangeFilter, after: datetime | None, convert: Callable[[events.Change], Event]
) -> AsyncGenerator[Event, None]:
    changes = events.ChangeSubscription(context.services.fanout, filter_, after)
    async with changes, ending_with_token(context, changes):
        async for change in changes:
            yield convert(change)
