"""The output type of named secrets. Their values are never returned."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import SECRET, TASK, WORKFLOW, N, Node, NodeType, converter_to, load_node
from tocsin.named_secrets.uses import MAX_USES, find_tasks_with, find_workflows_with

if TYPE_CHECKING:
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.types import Workflow


@strawberry.type(
    description=(
        "A secret of your account that http jobs use by its name: `${{ secrets.name }}`. Its value is never returned."
    )
)
class Secret(Node):
    document: strawberry.Private[NamedSecretDocument]
    name: str = strawberry.field(description="Name of the secret, as it was first written. Case is ignored.")
    allowed_hosts: list[str] = strawberry.field(
        description="Hosts that it may be sent to: names, addresses, and patterns such as `*.example.com`."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change.")
    value_set_at: datetime = strawberry.field(description="Time at which its value was last given.")

    @strawberry.field(description=f"Tasks that use it, {MAX_USES} at most: they fail without it.")
    async def tasks(self, info: Info) -> list[Annotated["Task", strawberry.lazy("..tasks.types")]]:
        found = await find_tasks_with(info.context.services.database, self.document["_id"])
        return await _load_all(info, TASK, self.document["owner"], found)

    @strawberry.field(
        description=f"Workflows whose latest version uses it, {MAX_USES} at most: their steps that do fail without it."
    )
    async def workflows(self, info: Info) -> list[Annotated["Workflow", strawberry.lazy("..workflows.types")]]:
        found = await find_workflows_with(info.context.services.database, self.document["_id"])
        return await _load_all(info, WORKFLOW, self.document["owner"], found)


async def _load_all(info: Info, node_type: NodeType[N], owner: str, document_ids: Iterable[str]) -> list[N]:
    loaded = await asyncio.gather(*(load_node(info, node_type, owner, document_id) for document_id in document_ids))
    return [node for node in loaded if node is not None]


@converter_to(SECRET)
def to_secret(secret: NamedSecretDocument) -> Secret:
    """Convert a stored secret."""
    return Secret(
        document=secret,
        id=strawberry.ID(ids.encode_id("Secret", secret["_id"])),
        name=secret["name"],
        allowed_hosts=secret["allowed_hosts"],
        created_at=secret["created_at"],
        updated_at=secret["updated_at"],
        value_set_at=secret["value_set_at"],
    )
