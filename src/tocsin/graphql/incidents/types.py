"""The types of incidents and of the tasks and workflows that they are about."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from tocsin.documents import (
    AlertDocument,
    AlertEnding,
    AlertSubject,
    ErrorKind,
    IncidentCause,
    IncidentDocument,
    paging,
)
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.incidents.enums import IncidentStatus
from tocsin.graphql.node import INCIDENT, RUN, TASK, WORKFLOW, WORKFLOW_RUN, Node, converter_to, load_node
from tocsin.graphql.notifications.inbox_types import Notification, to_notification
from tocsin.graphql.runs.attempts import RunError, to_run_error
from tocsin.notifications.inbox.positions import locate
from tocsin.notifications.incidents.listing import query_alerts

if TYPE_CHECKING:
    from tocsin.graphql.runs.types import Run
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.run_types import WorkflowRun
    from tocsin.graphql.workflows.types import Workflow


@strawberry.type(description="A task or workflow of an incident: from its first failure until it works again.")
class IncidentSubject:
    document: strawberry.Private[AlertDocument]
    name: str = strawberry.field(description="Name of the task or workflow at its last failure.")
    is_failing: bool = strawberry.field(description="Whether it still fails.")
    failures: int = strawberry.field(description="Number of its runs in a row that failed for good.")
    opened_at: datetime = strawberry.field(description="Time of its first failure.")
    last_failure_at: datetime = strawberry.field(description="Time of its last failure.")
    ended_at: datetime | None = strawberry.field(description="Time since which it does not fail any more; null before.")
    ending: AlertEnding | None = strawberry.field(description="Why it does not fail any more; null while it does.")
    error: RunError | None = strawberry.field(description="Error of its last failure; null if the reason is unknown.")

    @strawberry.field(description="The task; null for a workflow, and if the task was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("..tasks.types")] | None:
        subject = self._subject_of(AlertSubject.TASK)
        return None if subject is None else await load_node(info, TASK, self.document["owner"], subject)

    @strawberry.field(description="The workflow; null for a task, and if the workflow was deleted.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy("..workflows.types")] | None:
        subject = self._subject_of(AlertSubject.WORKFLOW)
        return None if subject is None else await load_node(info, WORKFLOW, self.document["owner"], subject)

    @strawberry.field(description="Run of the task that failed last; null for a workflow, and if it no longer exists.")
    async def run(self, info: Info) -> Annotated["Run", strawberry.lazy("..runs.types")] | None:
        if self._subject_of(AlertSubject.TASK) is None:
            return None
        return await load_node(info, RUN, self.document["owner"], self.document["failure"]["run"])

    @strawberry.field(description="Run of the workflow that failed last; null for a task, and if it no longer exists.")
    async def workflow_run(
        self, info: Info
    ) -> Annotated["WorkflowRun", strawberry.lazy("..workflows.run_types")] | None:
        if self._subject_of(AlertSubject.WORKFLOW) is None:
            return None
        return await load_node(info, WORKFLOW_RUN, self.document["owner"], self.document["failure"]["run"])

    def _subject_of(self, type_: AlertSubject) -> str | None:
        return self.document["subject"] if self.document["subject_type"] == type_ else None


@strawberry.type(
    description=(
        "Failures with one cause: of the tasks and workflows that call a host, or of one of these. You are told when "
        "it opens, when a run has failed for good, and when it is over."
    )
)
class Incident(Node):
    document: strawberry.Private[IncidentDocument]
    cause: IncidentCause = strawberry.field(description="What the failures have in common.")
    host: str | None = strawberry.field(
        description="Host and port that is called; null if nothing is, and for a workflow without a single one."
    )
    error_kind: ErrorKind | None = strawberry.field(description="Kind of the first error; null if it is unknown.")
    status: IncidentStatus = strawberry.field(description="Whether it lasts.")
    opened_at: datetime = strawberry.field(description="Time of its first failure.")
    reopened_count: int = strawberry.field(description="How often it has come again within an hour of its end.")
    over_at: datetime | None = strawberry.field(description="Time of its end; null while it lasts.")
    acknowledged_at: datetime | None = strawberry.field(
        description="Time at which you acknowledged it, since which there are no reminders; null before that."
    )

    @strawberry.field(description="Time of the last failure.")
    async def last_failure_at(self, info: Info) -> datetime:
        counts = await info.context.services.loaders.load_incident_counts(self.document["_id"])
        return counts.last_failure_at or self.document["last_failure_at"]

    @strawberry.field(description="Number of runs that failed for good, of all its tasks and workflows.")
    async def failures(self, info: Info) -> int:
        return (await info.context.services.loaders.load_incident_counts(self.document["_id"])).failures

    @strawberry.field(description="Number of tasks and workflows that it is about, or was.")
    async def subject_count(self, info: Info) -> int:
        return (await info.context.services.loaders.load_incident_counts(self.document["_id"])).subjects

    @strawberry.field(
        description=(
            "Tasks and workflows that it is about, in the order in which they began to fail. One that worked in "
            "between is listed for each time."
        ),
        extensions=[PagedField()],
    )
    async def subjects(self, info: Info, page: PageArguments) -> Connection[IncidentSubject]:
        await access.require_owner(info)
        query = query_alerts(info.context.services.database, self.document)
        found = await paging.fetch_page(query, page)
        return Connection(query=query, page=found, items=[to_incident_subject(row) for row in found.rows])

    @strawberry.field(description="What you were told of it, the oldest first: at most the last 50 notifications.")
    async def notifications(self, info: Info) -> list[Notification]:
        services = info.context.services
        rows = await services.loaders.load_notifications(self.document["owner"], self.document["events"])
        positions = locate(rows, await services.loaders.load_horizon())
        return [to_notification(row, positions[row["_id"]]) for row in rows]


def to_incident_subject(alert: AlertDocument) -> IncidentSubject:
    """Convert a stored alert."""
    error = alert["failure"]["error"]
    kind = error["kind"]
    return IncidentSubject(
        document=alert,
        name=alert["name"],
        is_failing=alert["open"],
        failures=alert["failures"],
        opened_at=alert["opened_at"],
        last_failure_at=alert["last_failure_at"],
        ended_at=alert["ended_at"],
        ending=None if alert["ending"] is None else AlertEnding(alert["ending"]),
        error=None
        if kind is None
        else to_run_error({"kind": ErrorKind(kind), "message": error["message"], "hint": error["hint"] or None}),
    )


@converter_to(INCIDENT)
def to_incident(document: IncidentDocument) -> Incident:
    """Convert a stored incident."""
    kind = document["error_kind"]
    return Incident(
        id=strawberry.ID(ids.encode_id("Incident", document["_id"])),
        document=document,
        cause=IncidentCause(document["cause"]),
        host=document["host"],
        error_kind=None if kind is None else ErrorKind(kind),
        status=IncidentStatus.OPEN if document["open"] else IncidentStatus.OVER,
        opened_at=document["opened_at"],
        reopened_count=document["reopened"],
        over_at=document["over_at"],
        acknowledged_at=document["acknowledged_at"],
    )


async def load_open_incident(info: Info, subject: str) -> Incident | None:
    """Load the open incident of a task or workflow, whose owner the caller has checked; None if there is none."""
    found = await info.context.services.loaders.load_open_incident(subject)
    return None if found is None else to_incident(found)
