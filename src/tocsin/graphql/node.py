"""The `Node` interface of the Relay specification, and loading of nodes by type and ID.

Types of different domains refer to each other: a task has runs, and a run has a task. They load each other by the
names below, so that their modules need not import each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import strawberry

from tocsin.graphql.context import Info

if TYPE_CHECKING:
    from tocsin.graphql.dead_letters.types import Replay
    from tocsin.graphql.incidents.types import Incident
    from tocsin.graphql.notifications.types import NotificationChannel
    from tocsin.graphql.runs.types import Run
    from tocsin.graphql.secrets.types import Secret
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.run_types import WorkflowRun
    from tocsin.graphql.workflows.types import Workflow


@strawberry.interface(description="An object that can be fetched by its global ID.")
class Node:
    id: strawberry.ID = strawberry.field(description="Global ID of the object. Opaque: do not parse it.")


N = TypeVar("N", bound=Node)
Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class NodeType(Generic[N]):
    """The name of a type of nodes, which can be used without importing the type."""

    name: str


TASK: "NodeType[Task]" = NodeType("Task")
RUN: "NodeType[Run]" = NodeType("Run")
INCIDENT: "NodeType[Incident]" = NodeType("Incident")
NOTIFICATION_CHANNEL: "NodeType[NotificationChannel]" = NodeType("NotificationChannel")
REPLAY: "NodeType[Replay]" = NodeType("Replay")
SECRET: "NodeType[Secret]" = NodeType("Secret")
WORKFLOW: "NodeType[Workflow]" = NodeType("Workflow")
WORKFLOW_RUN: "NodeType[WorkflowRun]" = NodeType("WorkflowRun")

_converters: dict[str, Callable[[Any], Any]] = {}


def converter_to(node_type: NodeType[N]) -> Callable[[Callable[[Document], N]], Callable[[Document], N]]:
    """Register the decorated function as the converter of stored documents to this type."""

    def register(convert: Callable[[Document], N]) -> Callable[[Document], N]:
        _converters[node_type.name] = convert
        return convert

    return register


async def load_node(info: Info, node_type: NodeType[N], owner: str, document_id: str) -> N | None:
    """Load a node of the owner; None if it does not exist, was deleted, or its type has no loader."""
    document = await info.context.services.loaders.load(node_type.name, owner, document_id)
    if document is None:
        return None
    node: N = _converters[node_type.name](document)
    return node
