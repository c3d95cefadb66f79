"""Workflows, as they are shown."""

from datetime import datetime

import strawberry

from tocsin import schedules
from tocsin.documents import Doc, Overlap
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import Node
from tocsin.graphql.scalars import JSON
from tocsin.graphql.schedule_types import Schedule, schedule_type
from tocsin.workflows.checked import write_yaml
from tocsin.workflows.versions import Version


@strawberry.type(description="A named, versioned graph of steps.")
class Workflow(Node):
    document: strawberry.Private[Doc]
    name: str = strawberry.field(description="Its name, unique among yours.")
    description: str = strawberry.field(description="What it is for.")
    version: int = strawberry.field(description="The count of saves that changed anything: each makes a new version.")
    overlap: Overlap = strawberry.field(description="What happens to a due time while a run before goes on.")
    next_run_at: datetime | None = strawberry.field(description="When it is due next; null without a schedule.")
    created_at: datetime = strawberry.field(description="When it was first saved.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="When it runs by itself; null if it only runs when asked.")
    def schedule(self) -> Schedule | None:
        stored = self.document["schedule"]
        return None if stored is None else schedule_type(schedules.from_document(stored))

    @strawberry.field(description="As it was written, an object; secrets as `***`, which keep them when saved again.")
    async def definition(self, info: Info) -> JSON:
        definition: JSON = (await _version(info, self.document)).data  # type: ignore[assignment]
        return definition

    @strawberry.field(description="The same as a YAML text.")
    async def yaml(self, info: Info) -> str:
        version = await _version(info, self.document)
        return await write_yaml(version.data, version.size, info.context.services.compute, version.owner)


def workflow_type(document: Doc) -> Workflow:
    """A stored workflow as it is shown."""
    same = ("name", "description", "version", "next_run_at", "created_at", "updated_at")
    return Workflow(
        id=strawberry.ID(ids.encode("Workflow", document["_id"])),
        document=document,
        overlap=Overlap(document["overlap"]),
        **{name: document[name] for name in same},
    )


async def _version(info: Info, document: Doc) -> Version:
    return await info.context.services.versions.get(document["_id"], document["version"])
