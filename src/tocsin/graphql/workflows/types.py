"""The output type of workflows."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import schedules
from tocsin.documents import Overlap, WorkflowDocument
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.incidents.types import Incident, load_open_incident
from tocsin.graphql.node import WORKFLOW, Node, converter_to
from tocsin.graphql.notifications.preference_types import NotificationRuleType, to_rule
from tocsin.graphql.public_links.types import PublicLink, to_public_link
from tocsin.graphql.scalars import JSON
from tocsin.graphql.tasks.schedule import Schedule, to_schedule
from tocsin.graphql.workflows.run_lists import WorkflowRunFilter, WorkflowRunOrder, list_workflow_runs
from tocsin.graphql.workflows.run_types import WorkflowRun
from tocsin.graphql.workflows.version_types import (
    WorkflowVersion,
    list_workflow_versions,
    load_workflow_version,
)
from tocsin.workflows.language.offloaded_validation import render_yaml


@strawberry.type(description="A workflow: a named, versioned graph of steps.")
class Workflow(Node):
    document: strawberry.Private[WorkflowDocument]
    name: str = strawberry.field(description="Name of the workflow, unique among your workflows.")
    description: str = strawberry.field(description="Description of the workflow.")
    version: int = strawberry.field(
        description="Latest version of the workflow, from 1. Each save that changes it creates a new version."
    )
    overlap: Overlap = strawberry.field(description="Handling of a due time at which the previous run has not ended.")
    is_paused: bool = strawberry.field(
        description="Whether you have paused the workflow, so that it has no due times until it is resumed."
    )
    paused_at: datetime | None = strawberry.field(
        description="Time at which you paused the workflow; null if it is not paused."
    )
    next_run_at: datetime | None = strawberry.field(description="Next due time; null if there is none.")
    created_at: datetime = strawberry.field(description="Time at which the workflow was created.")
    updated_at: datetime = strawberry.field(description="Time at which the workflow was last changed.")

    @strawberry.field(description="Due times of the workflow; null if it only runs on request.")
    def schedule(self) -> Schedule | None:
        stored = self.document["schedule"]
        return None if stored is None else to_schedule(schedules.schedule_from_document(stored))

    @strawberry.field(
        description="What you are told about it where that differs from your preferences; null if it does not."
    )
    async def notification_rule(self, info: Info) -> NotificationRuleType | None:
        loaders = info.context.services.loaders
        rule = await loaders.load_rule(self.document["_id"])
        return None if rule is None else to_rule(rule)

    @strawberry.field(
        description="Definition as an object, with secrets replaced by `***`. Saving `***` keeps the stored secret."
    )
    async def definition(self, info: Info) -> JSON:
        return JSON((await info.context.services.loaders.load_version(self.document)).masked_definition)

    @strawberry.field(description="Definition as YAML, with secrets replaced by `***`.")
    async def yaml(self, info: Info) -> str:
        version = await info.context.services.loaders.load_version(self.document)
        return await render_yaml(version.masked_definition, version.size, info.context.services.compute, version.owner)

    @strawberry.field(description="List the saved versions, the latest first.", extensions=[PagedField()])
    async def versions(self, info: Info, page: PageArguments) -> Connection[WorkflowVersion]:
        return await list_workflow_versions(info, self.document, page)

    @strawberry.field(description="Saved version with this number; null if there is none, or if it is no longer kept.")
    async def saved_version(
        self, info: Info, number: Annotated[int, strawberry.argument(description="Number of the version, from 1.")]
    ) -> WorkflowVersion | None:
        is_saved = number <= self.version
        return await load_workflow_version(info, self.document["_id"], number) if is_saved else None

    @strawberry.field(description="Open incident that it belongs to; null if there is none.")
    async def incident(self, info: Info) -> Incident | None:
        return await load_open_incident(info, self.document["_id"])

    @strawberry.field(
        description="Links by which people without an account see its status or start it, oldest first; at most 10."
    )
    async def public_links(self, info: Info) -> list[PublicLink]:
        found = await info.context.services.loaders.load_public_links(self.document["_id"])
        return list(map(to_public_link, found))

    @strawberry.field(
        description="List the runs of all versions of the workflow, by default newest first.",
        extensions=[PagedField()],
    )
    async def runs(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            WorkflowRunFilter | None,
            strawberry.argument(description="Return only the workflow runs that match. `name` has no effect here."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            WorkflowRunOrder | None,
            strawberry.argument(description="Sort order of the workflow runs. Default: by `CREATED_AT`, descending."),
        ] = strawberry.UNSET,
    ) -> Connection[WorkflowRun]:
        user = await access.require_user(info)
        return await list_workflow_runs(info.context.services, user, filter, order_by, page, self.document["_id"])


@converter_to(WORKFLOW)
def to_workflow(document: WorkflowDocument) -> Workflow:
    """Convert a stored workflow."""
    return Workflow(
        id=strawberry.ID(ids.encode_id("Workflow", document["_id"])),
        document=document,
        overlap=Overlap(document["overlap"]),
        name=document["name"],
        description=document["description"],
        version=document["version"],
        is_paused=document.get("paused_at") is not None,
        paused_at=document.get("paused_at"),
        next_run_at=document["next_run_at"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )
