"""Queries of tasks and schedules."""

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import GlobalId, prefix_errors
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.node import TASK, load_node
from tocsin.graphql.tasks.lists import TaskFilter, TaskOrder, list_tasks
from tocsin.graphql.tasks.preview import TaskPreview, preview_task
from tocsin.graphql.tasks.retry import RetryInput
from tocsin.graphql.tasks.schedule import ScheduleInput, parse_schedule, require_preview_count
from tocsin.graphql.tasks.types import Task

_Count = Annotated[
    int,
    strawberry.argument(
        description="Maximum number of due times to return, 1 to 100. They span little more than a century."
    ),
]


@strawberry.type
class TaskQueries:
    @strawberry.field(description="Fetch one of your tasks; null if you have no task with this ID.")
    async def task(self, info: Info, id: GlobalId) -> Task | None:
        owner, task_id = await access.require_owner(info), ids.decode_as("Task", id, "id")
        return None if task_id is None else await load_node(info, TASK, owner, task_id)

    @strawberry.field(description="List your tasks, by default newest first.", extensions=[PagedField()])
    async def tasks(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            TaskFilter | None, strawberry.argument(description="Return only the tasks that match.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            TaskOrder | None,
            strawberry.argument(description="Sort order of the tasks. Default: by `CREATED_AT`, descending."),
        ] = strawberry.UNSET,
    ) -> Connection[Task]:
        user = await access.require_user(info)
        return await list_tasks(info, user, filter, order_by, page)


@strawberry.type
class ScheduleQueries:
    @strawberry.field(
        description=(
            "Preview the next due times of a schedule. Those of a cron schedule have the UTC offset of its time zone."
        )
    )
    async def schedule_preview(
        self,
        info: Info,
        schedule: Annotated[ScheduleInput, strawberry.argument(description="Schedule to preview.")],
        count: _Count = 5,
    ) -> list[datetime]:
        await access.require_user(info)
        require_preview_count(count)
        now = clock.now()
        with prefix_errors("schedule"):
            parsed = parse_schedule(schedule, now)
            schedules.validate_schedule(parsed)
        return await asyncio.to_thread(schedules.preview_due_times, parsed, now - MILLISECOND, count)

    @strawberry.field(
        description=(
            "Preview what a task with these settings would do: its schedule in words, its next due times, and the "
            "retries of a run that fails. For pages on which tasks are written."
        )
    )
    async def task_preview(
        self,
        info: Info,
        schedule: Annotated[ScheduleInput, strawberry.argument(description="Schedule of the task.")],
        retry: Annotated[
            RetryInput | None,
            strawberry.argument(description="Retry policy of the task. Default: the policy of the server."),
        ] = strawberry.UNSET,
        count: _Count = 5,
    ) -> TaskPreview:
        await access.require_user(info)
        require_preview_count(count)
        return await preview_task(info.context.services.settings, schedule, retry, count, clock.now())
