"""The output type of saved versions of workflows, and their lists."""

from datetime import datetime

import strawberry

from tocsin.documents import WorkflowDocument, WorkflowVersionDocument
from tocsin.documents.paging import PageArguments
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Info
from tocsin.graphql.scalars import JSON
from tocsin.workflows.language.offloaded_validation import render_yaml
from tocsin.workflows.listing import query_workflow_versions
from tocsin.workflows.versions import LoadedVersion, version_id


@strawberry.type(description="A saved version of a workflow, which never changes.")
class WorkflowVersion:
    document_id: strawberry.Private[str]
    number: int = strawberry.field(description="Number of the version, from 1.")
    created_at: datetime = strawberry.field(description="Time at which the version was saved.")

    @strawberry.field(description="Definition as an object, with secrets replaced by `***`.")
    async def definition(self, info: Info) -> JSON | None:
        version = await _load(info, self.document_id)
        return None if version is None else JSON(version.masked_definition)

    @strawberry.field(description="Definition as YAML, with secrets replaced by `***`.")
    async def yaml(self, info: Info) -> str | None:
        version = await _load(info, self.document_id)
        if version is None:
            return None
        return await render_yaml(version.masked_definition, version.size, info.context.services.compute, version.owner)


async def list_workflow_versions(
    info: Info, workflow: WorkflowDocument, page: PageArguments
) -> Connection[WorkflowVersion]:
    """Return a page of the versions of a workflow, whose owner the caller has checked, the latest first."""
    query = query_workflow_versions(info.context.services.database, workflow)
    return await connect(query, page, _to_listed_version)


async def load_workflow_version(info: Info, workflow_id: str, number: int) -> WorkflowVersion | None:
    """Load a version of a workflow, whose owner the caller has checked; None if there is none."""
    document_id = version_id(workflow_id, number)
    version = await _load(info, document_id)
    return None if version is None else _to_version(document_id, number, version.created_at)


async def _load(info: Info, document_id: str) -> LoadedVersion | None:
    return await info.context.services.loaders.load_version_by_id(document_id)


def _to_listed_version(document: WorkflowVersionDocument) -> WorkflowVersion:
    return _to_version(document["_id"], document["version"], document["created_at"])


def _to_version(document_id: str, number: int, created_at: datetime) -> WorkflowVersion:
    return WorkflowVersion(document_id=document_id, number=number, created_at=created_at)
