"""Output types of workflow runs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from tocsin.documents import Trigger, WorkflowRunDocument, WorkflowRunReason, WorkflowRunStatus
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import WORKFLOW, WORKFLOW_RUN, Node, converter_to, load_node
from tocsin.graphql.runs.attempts import RunError, to_run_error
from tocsin.graphql.runs.progress import Progress
from tocsin.graphql.scalars import JSON, parse_json_texts
from tocsin.graphql.workflows.reasons import explain_workflow_run_reason
from tocsin.graphql.workflows.step_types import StepRun, to_step_run
from tocsin.graphql.workflows.version_types import WorkflowVersion, load_workflow_version

if TYPE_CHECKING:
    from tocsin.graphql.workflows.types import Workflow


@strawberry.type(description="A workflow run: one execution of a workflow.")
class WorkflowRun(Node):
    document: strawberry.Private[WorkflowRunDocument]
    name: str = strawberry.field(description="Name of the workflow.")
    version: int = strawberry.field(description="Version of the workflow that is executed, from 1.")
    trigger: Trigger = strawberry.field(description="Origin of the workflow run.")
    status: WorkflowRunStatus = strawberry.field(description="Status of the workflow run.")
    reason: WorkflowRunReason | None = strawberry.field(
        description="Reason for the status; null if the status explains itself."
    )
    reason_text: str | None = strawberry.field(description="Explanation of `reason` for people; null without a reason.")
    due_at: datetime = strawberry.field(description="Due time, or the time at which it was requested.")
    created_at: datetime = strawberry.field(description="Time at which the workflow run was created.")
    started_at: datetime | None = strawberry.field(
        description="Time at which the first step started; null before that."
    )
    finished_at: datetime | None = strawberry.field(
        description="Time at which the workflow run ended; null before that."
    )
    cancel_requested_at: datetime | None = strawberry.field(
        description="Time at which its cancellation was requested; null if it was not."
    )
    progress: Progress = strawberry.field(description="Progress of the workflow run, in steps.")
    error: RunError | None = strawberry.field(description="Error with which it failed; null if it did not fail.")

    @strawberry.field(description="Workflow of which it is a run, in its latest version; null if it was deleted.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy(".types")] | None:
        return await load_node(info, WORKFLOW, self.document["owner"], self.document["workflow"])

    @strawberry.field(description="Inputs, including defaults: an object.")
    async def inputs(self) -> JSON:
        inputs: JSON = (await parse_json_texts([self.document["inputs"]]))[0]
        return inputs

    @strawberry.field(
        description="The `output` of the workflow, or the results of its last steps. Null until it is completed."
    )
    async def result(self) -> JSON | None:
        result: JSON | None = (await parse_json_texts([self.document["output"]]))[0]
        return result

    @strawberry.field(description="Version that is executed, with its definition; null if it is no longer kept.")
    async def saved_version(self, info: Info) -> WorkflowVersion | None:
        return await load_workflow_version(info, self.document["workflow"], self.version)

    @strawberry.field(description="Steps in the order of the definition.")
    def steps(self) -> list[StepRun]:
        return [to_step_run(self.document, key) for key in self.document["steps"]]

    @strawberry.field(description="Step with this key; null if there is none.")
    def step(self, key: Annotated[str, strawberry.argument(description="Key of the step.")]) -> StepRun | None:
        return to_step_run(self.document, key) if key in self.document["steps"] else None


@converter_to(WORKFLOW_RUN)
def to_workflow_run(document: WorkflowRunDocument) -> WorkflowRun:
    """Convert a stored workflow run."""
    reason = document["reason"] and WorkflowRunReason(document["reason"])
    return WorkflowRun(
        id=strawberry.ID(ids.encode_id("WorkflowRun", document["_id"])),
        document=document,
        name=document["name"],
        version=document["version"],
        trigger=Trigger(document["trigger"]),
        status=WorkflowRunStatus(document["status"]),
        reason=reason,
        reason_text=reason and explain_workflow_run_reason(reason),
        due_at=document["due_at"],
        created_at=document["created_at"],
        started_at=document["started_at"],
        finished_at=document["finished_at"],
        cancel_requested_at=document["cancel_requested_at"],
        progress=Progress(done=document["done"], all=document["total"]),
        error=to_run_error(document["error"]),
    )
