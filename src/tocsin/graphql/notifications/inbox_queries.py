"""Queries of notifications."""

import strawberry

from tocsin.documents.paging import PageArguments
from tocsin.graphql import access
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.limits.waiting import require_alone
from tocsin.graphql.notifications.inbox_inputs import (
    KindsArgument,
    TaskIdsArgument,
    UnacknowledgedArgument,
    WaitArgument,
    WorkflowRunArgument,
    parse_subjects,
)
from tocsin.graphql.notifications.inbox_lists import list_notifications, poll_notifications
from tocsin.graphql.notifications.inbox_types import Notification
from tocsin.notifications.inbox.choice import NotificationChoice


@strawberry.type
class NotificationQueries:
    @strawberry.field(
        description=(
            "Your notifications, the latest first; with `waitSeconds`, those stored after `after`, the oldest first. "
            "`totalCount` with `unacknowledgedOnly` is the number for a bell."
        ),
        extensions=[PagedField()],
    )
    async def notifications(
        self,
        info: Info,
        page: PageArguments,
        unacknowledged_only: UnacknowledgedArgument = False,
        kinds: KindsArgument = strawberry.UNSET,
        wait_seconds: WaitArgument = strawberry.UNSET,
        task_ids: TaskIdsArgument = strawberry.UNSET,
        workflow_run_id: WorkflowRunArgument = strawberry.UNSET,
    ) -> Connection[Notification]:
        user = await access.require_user(info)
        subjects = await parse_subjects(info, user.id, task_ids, workflow_run_id)
        wanted = kinds if isinstance(kinds, list) else None
        choice = NotificationChoice(wanted, bool(unacknowledged_only), *subjects)
        if isinstance(wait_seconds, int):
            require_alone(info._raw_info, "waitSeconds")
            return await poll_notifications(info.context, user, choice, page, wait_seconds)
        return await list_notifications(info.context.services, user, choice, page)
