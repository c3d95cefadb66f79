"""Inputs and payloads of the mutations of workflows."""

import strawberry

from tocsin.graphql.errors import UserError
from tocsin.graphql.payloads import Payload, payload
from tocsin.graphql.scalars import JSON
from tocsin.graphql.tasks.inputs import idempotency_key_field
from tocsin.graphql.workflows.run_types import WorkflowRun
from tocsin.graphql.workflows.types import Workflow


@strawberry.input(one_of=True, description="Input of `saveWorkflow`: the definition either as YAML or as an object.")
class SaveWorkflowInput:
    yaml: strawberry.Maybe[str] = strawberry.field(description="Definition as YAML, at most 256 KiB.")
    definition: strawberry.Maybe[JSON] = strawberry.field(
        description="Definition as an object with the same keys as the YAML form."
    )


@strawberry.input(description="Input of `deleteWorkflow`.")
class DeleteWorkflowInput:
    name: str = strawberry.field(description="Name of the workflow.")


@strawberry.input(description="Input of mutations that concern one workflow.")
class WorkflowNameInput:
    name: str = strawberry.field(description="Name of the workflow.")


@strawberry.input(description="Input of `executeWorkflow`.")
class ExecuteWorkflowInput:
    name: str = strawberry.field(description="Name of the workflow.")
    input: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Values of the workflow's inputs: an object by input name."
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="Input of `cancelWorkflowRun`.")
class CancelWorkflowRunInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the workflow run.")


@strawberry.input(description="Input of `resumeWorkflowRun`.")
class ResumeWorkflowRunInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the workflow run.")
    input: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="New values for all inputs of the workflow. Default: those of the original run.",
    )


@strawberry.input(description="Input of `decideApproval`.")
class DecideApprovalInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the workflow run.")
    step: str = strawberry.field(description="Key of the approval step.")
    approved: bool = strawberry.field(description="True completes the step, false fails it.")
    comment: str = strawberry.field(default="", description="Explanation of the decision, at most 2,000 characters.")


@payload
class SaveWorkflowPayload(Payload):
    workflow: Workflow | None = strawberry.field(description="The saved workflow; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="All errors in the definition, with line and column if it is YAML; empty on success.",
    )


@payload
class DeleteWorkflowPayload(Payload):
    deleted_workflow_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the deleted workflow; null if there are user errors."
    )


@payload
class PauseWorkflowPayload(Payload):
    workflow: Workflow | None = strawberry.field(
        description="The workflow after the change; null if there are user errors."
    )


@payload
class ResumeWorkflowPayload(Payload):
    workflow: Workflow | None = strawberry.field(
        description="The workflow after the change; null if there are user errors."
    )


@payload
class ExecuteWorkflowPayload(Payload):
    workflow_run: WorkflowRun | None = strawberry.field(
        description="The new workflow run; null if there are user errors."
    )


@payload
class CancelWorkflowRunPayload(Payload):
    workflow_run: WorkflowRun | None = strawberry.field(
        description="The workflow run after the change; null if there are user errors."
    )


@payload
class ResumeWorkflowRunPayload(Payload):
    workflow_run: WorkflowRun | None = strawberry.field(
        description="The workflow run after the change; null if there are user errors."
    )


@payload
class DecideApprovalPayload(Payload):
    approved: bool | None = strawberry.field(description="The recorded decision; null if there are user errors.")
