"""Mutations of workflows, workflow runs and approvals."""

from typing import Annotated, Any

import strawberry

from tocsin import clock, documents
from tocsin.errors import InvalidInput, UserErrorCode
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import UserError
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.node import WORKFLOW_RUN, load_node
from tocsin.graphql.payloads import mutation
from tocsin.graphql.workflows.inputs import (
    CancelWorkflowRunInput,
    CancelWorkflowRunPayload,
    DecideApprovalInput,
    DecideApprovalPayload,
    DeleteWorkflowInput,
    DeleteWorkflowPayload,
    ExecuteWorkflowInput,
    ExecuteWorkflowPayload,
    PauseWorkflowPayload,
    ResumeWorkflowPayload,
    ResumeWorkflowRunInput,
    ResumeWorkflowRunPayload,
    SaveWorkflowInput,
    SaveWorkflowPayload,
    WorkflowNameInput,
)
from tocsin.graphql.workflows.types import to_workflow
from tocsin.graphql.workflows.validation import load_registered_jobs
from tocsin.workflows import control, lifecycle, saving, starting
from tocsin.workflows.language.offloaded_validation import validate_object, validate_yaml
from tocsin.workflows.language.source import WorkflowInvalid
from tocsin.workflows.ownership import require_workflow

_MAX_COMMENT_LENGTH = 2_000


@strawberry.type
class WorkflowMutations:
    @mutation(
        description=(
            "Create a workflow, or save a new version of the one with the same name. The definition is validated "
            "first. Runs keep the version that they started with."
        )
    )
    async def save_workflow(
        self, info: Info, input: Annotated[SaveWorkflowInput, INPUT_ARGUMENT]
    ) -> SaveWorkflowPayload:
        owner = await access.require_user(info)
        try:
            return SaveWorkflowPayload(workflow=to_workflow(await _save(info.context.services, owner, input)))
        except WorkflowInvalid as invalid:
            return SaveWorkflowPayload(workflow=None, user_errors=_to_user_errors(invalid, input))

    @mutation(description="Delete a workflow and its schedule. Runs in progress continue.")
    async def delete_workflow(
        self, info: Info, input: Annotated[DeleteWorkflowInput, INPUT_ARGUMENT]
    ) -> DeleteWorkflowPayload:
        owner, database = await access.require_owner(info), info.context.services.database
        deleted = await saving.delete_workflow(database, owner, input.name, clock.now())
        return DeleteWorkflowPayload(deleted_workflow_id=strawberry.ID(ids.encode_id("Workflow", deleted["_id"])))

    @mutation(
        description=(
            "Pause a scheduled workflow: it has no due times until it is resumed. Scheduled runs that have not started "
            "are cancelled, the others continue. `executeWorkflow` still works."
        )
    )
    async def pause_workflow(
        self, info: Info, input: Annotated[WorkflowNameInput, INPUT_ARGUMENT]
    ) -> PauseWorkflowPayload:
        owner, services = await access.require_owner(info), info.context.services
        workflow, cancelled = await lifecycle.pause_workflow(services.database, owner, input.name, clock.now())
        for run_id in cancelled:
            services.wakeups.workflow_run_changed(run_id)
        return PauseWorkflowPayload(workflow=to_workflow(workflow))

    @mutation(
        description=(
            "Resume a paused workflow from its next due time on. Due times that passed while it was paused do not run."
        )
    )
    async def resume_workflow(
        self, info: Info, input: Annotated[WorkflowNameInput, INPUT_ARGUMENT]
    ) -> ResumeWorkflowPayload:
        owner, services = await access.require_owner(info), info.context.services
        workflow = await lifecycle.resume_workflow(services.database, owner, input.name, clock.now())
        services.wakeups.workflow_due(workflow["next_run_at"])
        return ResumeWorkflowPayload(workflow=to_workflow(workflow))

    @mutation(description="Start a run of a workflow. Returns immediately, while the run continues in the background.")
    async def execute_workflow(
        self, info: Info, input: Annotated[ExecuteWorkflowInput, INPUT_ARGUMENT]
    ) -> ExecuteWorkflowPayload:
        owner, services = await access.require_owner(info), info.context.services
        key, earlier = await begin_idempotent_call(info, owner, input)
        if earlier is None:
            await require_workflow(services.database, owner, input.name)
            services.quotas.consume_run(owner)
        run = await starting.start_workflow(
            services.database, services.versions, owner, input.name, _value(input.input), clock.now(), key
        )
        if earlier is None:
            services.quotas.meter.add_bytes(owner, len(run.inputs))
        services.wakeups.workflow_run_changed(run.id)
        return ExecuteWorkflowPayload(workflow_run=await load_node(info, WORKFLOW_RUN, owner, run.id))

    @mutation(
        description=(
            "Cancel a workflow run: no further step starts. Queued runs of its steps are cancelled and attempts in "
            "progress are aborted, shortly after the mutation returns."
        )
    )
    async def cancel_workflow_run(
        self, info: Info, input: Annotated[CancelWorkflowRunInput, INPUT_ARGUMENT]
    ) -> CancelWorkflowRunPayload:
        owner, services = await access.require_owner(info), info.context.services
        run_id = ids.require_id("WorkflowRun", input.id, "id")
        await control.cancel_workflow_run(services.database, owner, run_id, clock.now())
        services.wakeups.workflow_run_changed(run_id)
        return CancelWorkflowRunPayload(workflow_run=await load_node(info, WORKFLOW_RUN, owner, run_id))

    @mutation(
        description=(
            "Resume a workflow run that failed or was cancelled. Completed steps are kept and the others run again, "
            "with the version that the run started with."
        )
    )
    async def resume_workflow_run(
        self, info: Info, input: Annotated[ResumeWorkflowRunInput, INPUT_ARGUMENT]
    ) -> ResumeWorkflowRunPayload:
        owner, services = await access.require_owner(info), info.context.services
        run_id = ids.require_id("WorkflowRun", input.id, "id")
        services.quotas.require_run(owner)
        await control.resume_workflow_run(
            services.database, services.versions, owner, run_id, _value(input.input), clock.now()
        )
        services.wakeups.workflow_run_changed(run_id)
        return ResumeWorkflowRunPayload(workflow_run=await load_node(info, WORKFLOW_RUN, owner, run_id))

    @mutation(
        description="Approve or reject a step of a workflow run. You must be one of the users that the step asks."
    )
    async def decide_approval(
        self, info: Info, input: Annotated[DecideApprovalInput, INPUT_ARGUMENT]
    ) -> DecideApprovalPayload:
        user, services = await access.require_user(info), info.context.services
        if len(input.comment) > _MAX_COMMENT_LENGTH:
            raise InvalidInput(f"comment can have at most {_MAX_COMMENT_LENGTH} characters.", "comment")
        run_id = ids.require_id("WorkflowRun", input.id, "id")
        await control.decide_approval(
            services.database,
            user,
            run_id,
            input.step,
            clock.now(),
            approved=input.approved,
            comment=input.comment,
            confirms=services.settings.requires_confirmed_addresses,
        )
        services.wakeups.workflow_run_changed(run_id)
        return DecideApprovalPayload(approved=input.approved)


def _to_user_errors(invalid: WorkflowInvalid, input: SaveWorkflowInput) -> list[UserError]:
    root = "definition" if input.yaml is None else "yaml"
    return [
        UserError(field=[root, *map(str, fault.path)], code=UserErrorCode.INVALID, message=str(fault))
        for fault in invalid.faults
    ]


async def _save(services: Services, owner: documents.User, input: SaveWorkflowInput) -> documents.WorkflowDocument:
    now, compute, catalog = clock.now(), services.compute, await load_registered_jobs(services, owner)
    if input.yaml is not None:
        checked = await validate_yaml(input.yaml.value, now, catalog, compute, owner.id)
    else:
        assert input.definition is not None  # noqa: S101  # the other member of a @oneOf
        checked = await validate_object(input.definition.value, now, catalog, compute, owner.id)
    saved = await saving.save_validated(services.database, services.secrets, owner.id, checked, now, services.quotas)
    services.wakeups.workflow_due(saved["next_run_at"])
    return saved


def _value(input: Any) -> Any:
    return None if input is strawberry.UNSET else input
