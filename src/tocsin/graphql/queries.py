"""The root type `Query`: tasks, runs, schedule previews and nodes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock, documents, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents.paging import PageArguments
from tocsin.errors import InvalidInput
from tocsin.graphql import access, ids
from tocsin.graphql.accounts.lists import AdministrationQueries, to_audit_entry
from tocsin.graphql.accounts.mutations import AccountQueries
from tocsin.graphql.accounts.tokens import TokenQueries
from tocsin.graphql.accounts.types import to_user
from tocsin.graphql.arguments import After, Before, First, Last
from tocsin.graphql.context import Info
from tocsin.graphql.dead_letters.mutations import DeadLetterQueries
from tocsin.graphql.dead_letters.types import load_replay
from tocsin.graphql.node import Node
from tocsin.graphql.queues.queries import QueueQueries
from tocsin.graphql.runs.lists import RunConnection, RunFilter, RunOrder, list_runs
from tocsin.graphql.runs.types import Run, load_run
from tocsin.graphql.tasks.lists import TaskConnection, TaskFilter, TaskOrder, list_tasks
from tocsin.graphql.tasks.schedule import ScheduleInput, parse_schedule
from tocsin.graphql.tasks.types import Task, load_task
from tocsin.graphql.workflows.queries import WorkflowQueries
from tocsin.graphql.workflows.run_types import load_workflow_run
from tocsin.graphql.workflows.types import to_workflow
from tocsin.workflows.ownership import find_workflow_by_id

_MAX_PREVIEW = 100

GlobalId = Annotated[strawberry.ID, strawberry.argument(description="Global ID, as returned by this API.")]


@strawberry.type(description="The queries of the API.")
class Query(AccountQueries, TokenQueries, AdministrationQueries, WorkflowQueries, QueueQueries, DeadLetterQueries):
    @strawberry.field(description="Fetch an object by its global ID; null if it does not exist or is not yours.")
    async def node(self, info: Info, id: GlobalId) -> Node | None:
        owner = await access.require_owner(info)
        type_name, document_id = ids.decode(id, "id")
        load = _LOADERS.get(type_name)
        return None if load is None else await load(info, owner, document_id)

    @strawberry.field(description="Fetch one of your tasks; null if you have no task with this ID.")
    async def task(self, info: Info, id: GlobalId) -> Task | None:
        owner, task_id = await access.require_owner(info), ids.decode_as("Task", id, "id")
        return None if task_id is None else await load_task(info, owner, task_id)

    @strawberry.field(description="List your tasks, by default newest first.")
    async def tasks(
        self,
        info: Info,
        filter: Annotated[
            TaskFilter | None, strawberry.argument(description="Return only the tasks that match.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            TaskOrder | None,
            strawberry.argument(description="Sort order of the tasks. Default: by `CREATED_AT`, descending."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> TaskConnection:
        user, page = await access.require_user(info), PageArguments.of(first, after, last, before)
        return await list_tasks(info.context.services, user, filter or None, order_by or None, page)

    @strawberry.field(description="Fetch one of your runs; null if you have no run with this ID.")
    async def run(self, info: Info, id: GlobalId) -> Run | None:
        owner, run_id = await access.require_owner(info), ids.decode_as("Run", id, "id")
        return None if run_id is None else await load_run(info, owner, run_id)

    @strawberry.field(description="List the runs of all your tasks, by default latest due time first.")
    async def runs(
        self,
        info: Info,
        filter: Annotated[
            RunFilter | None, strawberry.argument(description="Return only the runs that match.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            RunOrder | None,
            strawberry.argument(description="Sort order of the runs. Default: by `DUE_AT`, descending."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> RunConnection:
        user, page = await access.require_user(info), PageArguments.of(first, after, last, before)
        return await list_runs(info.context.services, user, filter or None, order_by or None, page)

    @strawberry.field(
        description=(
            "Preview the next due times of a schedule. Those of a cron schedule have the UTC offset of its time zone."
        )
    )
    async def schedule_preview(
        self,
        info: Info,
        schedule: Annotated[ScheduleInput, strawberry.argument(description="Schedule to preview.")],
        count: Annotated[int, strawberry.argument(description="Number of due times to return, 1 to 100.")] = 5,
    ) -> list[datetime]:
        await access.require_user(info)
        if not 1 <= count <= _MAX_PREVIEW:
            raise InvalidInput(f"count must be 1 to {_MAX_PREVIEW}; it is {count}.", "count")
        now = clock.now()
        checked = _read_checked_schedule(schedule, now)
        return await asyncio.to_thread(schedules.preview_due_times, checked, now - MILLISECOND, count)


async def _load_user(info: Info, owner: str, user_id: str) -> Node | None:
    """Load the viewer themselves, or any user for an administrator."""
    if user_id != owner and not await access.is_administrator(info):
        return None
    user = await documents.User.get(user_id)
    return None if user is None else to_user(user)


async def _load_audit_entry(info: Info, _owner: str, entry_id: str) -> Node | None:
    entry = await info.context.services.database.audit_entries.find_one({"_id": entry_id})
    return None if entry is None or not await access.is_administrator(info) else to_audit_entry(entry)


async def _load_workflow(info: Info, owner: str, workflow_id: str) -> Node | None:
    document = await find_workflow_by_id(info.context.services.database, owner, workflow_id)
    return None if document is None else to_workflow(document)


_LOADERS: dict[str, Callable[[Info, str, str], Awaitable[Node | None]]] = {
    "Task": load_task,
    "Run": load_run,
    "User": _load_user,
    "AuditEntry": _load_audit_entry,
    "Workflow": _load_workflow,
    "WorkflowRun": load_workflow_run,
    "Replay": load_replay,
}


def _read_checked_schedule(given: ScheduleInput, now: datetime) -> schedules.Schedule:
    try:
        schedule = parse_schedule(given, now)
        schedules.validate_schedule(schedule)
    except InvalidInput as error:
        raise error.prefix_path("schedule") from None
    return schedule
