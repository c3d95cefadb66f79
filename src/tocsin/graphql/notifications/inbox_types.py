"""The type of notifications."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from tocsin.documents import NotificationDocument, parent_of, step_of
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import INCIDENT, RUN, TASK, WORKFLOW_RUN, Node, load_node
from tocsin.graphql.notifications.enums import EventKind
from tocsin.graphql.notifications.types import NotificationDelivery, to_delivery
from tocsin.graphql.scalars import JSON
from tocsin.notifications.inbox.positions import FeedPosition, locate
from tocsin.notifications.inbox.reader import find_horizon
from tocsin.notifications.inbox.store import find_notifications
from tocsin.notifications.incident_stages import subject_of
from tocsin.notifications.pages import run_type_name

if TYPE_CHECKING:
    from tocsin.graphql.incidents.types import Incident
    from tocsin.graphql.runs.types import Run
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.run_types import WorkflowRun


@strawberry.type(description="Something that you were told. It is kept as long as the history of runs.")
class Notification(Node):
    document: strawberry.Private[NotificationDocument]
    position: strawberry.Private[FeedPosition]
    kind: EventKind = strawberry.field(description="What it is about.")
    subject: str = strawberry.field(description="What has happened, on one line.")
    text: str = strawberry.field(description="What has happened, in a few lines of plain text.")
    at: datetime = strawberry.field(description="Time of what it is about.")
    acknowledged_at: datetime | None = strawberry.field(
        description="Time at which you acknowledged it; null before that."
    )
    data: JSON = strawberry.field(
        description=(
            "The same for programs, as webhooks get it in `details`, as far as it applies: such as `taskId`, `runId`, "
            "`workflowId` and `workflowRunId` (global IDs), `errorKind`, `errorMessage`, `statusCode`, `attempts`, "
            "`dueAt`, `nextAttemptAt` and `reason`. The page on notifications in the documentation has all names."
        )
    )

    delivery_attempt: int | None = strawberry.field(
        description=(
            "1 when it is received for the first time; the number of the attempt when it comes again, because you have "
            "a live channel and did not acknowledge it. Null in lists."
        )
    )

    @strawberry.field(
        description=(
            "Position after this notification: for `after` of `notificationReceived`, for `after` of `notifications` "
            "with `waitSeconds`, and for `upTo` of `acknowledgeNotifications`. Not a cursor of other lists."
        )
    )
    def cursor(self) -> str:
        return self.position.encode()

    @strawberry.field(
        description="Address of the page about it, as in mails (see TOCSIN_PUBLIC_URL); null if there is none."
    )
    def link(self, info: Info) -> str | None:
        page = self.document.get("page")
        return None if page is None else info.context.services.settings.page_url(page)

    @strawberry.field(description="Task that it is about; null if it is about none, and if the task was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("..tasks.types")] | None:
        run = self._run_of("Run")
        if run is None or step_of(run) is not None:
            return None
        return await load_node(info, TASK, self.document["owner"], parent_of(run))

    @strawberry.field(description="Run that it is about; null if it is about none, and if the run no longer exists.")
    async def run(self, info: Info) -> Annotated["Run", strawberry.lazy("..runs.types")] | None:
        run = self._run_of("Run")
        return None if run is None else await load_node(info, RUN, self.document["owner"], run)

    @strawberry.field(
        description="Workflow run that it is about; null if it is about none, or that is not yours or no longer exists."
    )
    async def workflow_run(
        self, info: Info
    ) -> Annotated["WorkflowRun", strawberry.lazy("..workflows.run_types")] | None:
        run = self._run_of("WorkflowRun")
        return None if run is None else await load_node(info, WORKFLOW_RUN, self.document["owner"], run)

    @strawberry.field(description="Incident that it is about; null if it is about none, and if that no longer exists.")
    async def incident(self, info: Info) -> Annotated["Incident", strawberry.lazy("..incidents.types")] | None:
        about = self.document.get("about")
        incident_id = None if about is None else about.get("incident_id")
        return None if incident_id is None else await load_node(info, INCIDENT, self.document["owner"], incident_id)

    @strawberry.field(
        description=(
            "How it was delivered: by mail, unless mails of its kind must be chosen and are not, and to each of your "
            "present channels that was told. A mail for which a digest stands is SUPERSEDED. Deliveries are kept as "
            "long as the history of runs."
        )
    )
    async def deliveries(self, info: Info) -> list[NotificationDelivery]:
        found = await info.context.services.loaders.load_deliveries(self.document["owner"], self.document["_id"])
        return [to_delivery(each) for each in found]

    def _run_of(self, type_name: str) -> str | None:
        run, about = self.document.get("run"), self.document.get("about")
        if about is not None and about["type"] == "Incident" and subject_of(about) is None:
            return None  # it is about several
        return run if run is not None and run_type_name(run) == type_name else None


def to_notification(document: NotificationDocument, position: FeedPosition, attempt: int | None = None) -> Notification:
    """Convert a stored notification, with the position of a reader after it, and the number of the attempt."""
    return Notification(
        id=strawberry.ID(ids.encode_id("Notification", document["_id"])),
        document=document,
        position=position,
        kind=EventKind(document["kind"]),
        subject=document["subject"],
        text=document["text"],
        at=document["at"],
        acknowledged_at=document["acknowledged_at"],
        data=cast("JSON", document["data"]),
        delivery_attempt=attempt,
    )


async def load_notification(info: Info, owner: str, notification_id: str) -> Notification | None:
    """Load a notification of the owner; None if there is no such one."""
    database = info.context.services.database
    found = (await find_notifications(database, owner, [notification_id])).get(notification_id)
    if found is None:
        return None
    return to_notification(found, locate([found], await find_horizon(database))[found["_id"]])
