"""What an owner does with workflows and their runs, and what those do who are asked to decide."""

from typing import Annotated, Any

import strawberry

from tocsin import clock, documents
from tocsin.errors import InvalidInput, UserErrorCode
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.repeating import earlier, key_of
from tocsin.graphql.scalars import JSON
from tocsin.graphql.task_inputs import key_field
from tocsin.graphql.words import WHAT
from tocsin.graphql.workflow_run_types import WorkflowRun, load_workflow_run
from tocsin.graphql.workflow_types import Workflow, workflow_type
from tocsin.jobs.registry import Catalog
from tocsin.outbound.guard import Rules
from tocsin.outbound.recipients import RecipientRules
from tocsin.workflows import asking, saving, starting
from tocsin.workflows.checked import check_object, check_yaml
from tocsin.workflows.owned import require_workflow
from tocsin.workflows.reading import WorkflowInvalid

_LONGEST_COMMENT = 2_000
_ERRORS = strawberry.field(description="What was wrong with the input.")


@strawberry.input(one_of=True, description="A workflow to save under its name: as YAML or as an object, one of them.")
class SaveWorkflowInput:
    yaml: strawberry.Maybe[str] = strawberry.field(description="It as a YAML text, at most 256 KiB.")
    definition: strawberry.Maybe[JSON] = strawberry.field(description="The same as an object.")


@strawberry.input(description="One of your workflows.")
class DeleteWorkflowInput:
    name: str = strawberry.field(description="The workflow's name.")


@strawberry.input(description="A workflow to run.")
class ExecuteWorkflowInput:
    name: str = strawberry.field(description="The workflow's name.")
    input: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="An object: the names of its inputs and their values."
    )
    idempotency_key: str | None = key_field()


@strawberry.input(description="One of your workflow runs.")
class CancelWorkflowRunInput:
    id: strawberry.ID = strawberry.field(description="The workflow run.")


@strawberry.input(description="A workflow run to go on with.")
class ResumeWorkflowRunInput:
    id: strawberry.ID = strawberry.field(description="The workflow run.")
    input: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="New inputs, all of them. Default: those that it has."
    )


@strawberry.input(description="A decision that a step of a workflow run waits for.")
class DecideApprovalInput:
    id: strawberry.ID = strawberry.field(description="The workflow run.")
    step: str = strawberry.field(description="The step's key.")
    approved: bool = strawberry.field(description="Yes, and the step is completed; or no, and it fails.")
    comment: str = strawberry.field(default="", description="Why, for those who read it: at most 2,000 characters.")


@strawberry.type(description="The answer to saveWorkflow.")
class SaveWorkflowPayload:
    workflow: Workflow | None = strawberry.field(description="The workflow; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(
        description="All that was wrong with the input; of a YAML text with line and column."
    )


@strawberry.type(description="The answer to deleteWorkflow.")
class DeleteWorkflowPayload:
    deleted_workflow_id: strawberry.ID | None = strawberry.field(description="Its id; null if there are user errors.")
    user_errors: list[UserError] = _ERRORS


@strawberry.type(description="The answer to executeWorkflow.")
class ExecuteWorkflowPayload:
    workflow_run: WorkflowRun | None = strawberry.field(description="The new run; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to cancelWorkflowRun.")
class CancelWorkflowRunPayload:
    workflow_run: WorkflowRun | None = strawberry.field(description="It as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to resumeWorkflowRun.")
class ResumeWorkflowRunPayload:
    workflow_run: WorkflowRun | None = strawberry.field(description="It as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to decideApproval.")
class DecideApprovalPayload:
    approved: bool | None = strawberry.field(description="What was decided; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class WorkflowMutations:
    @strawberry.mutation(
        description=(
            "Save a workflow under its name, after everything in it was checked. A change makes a new version; runs "
            "keep the version that they began with."
        )
    )
    async def save_workflow(self, info: Info, input: Annotated[SaveWorkflowInput, WHAT]) -> SaveWorkflowPayload:
        owner = await access.user(info)
        try:
            saved, faults = await caught(_save(info.context.services, owner, input))
        except WorkflowInvalid as invalid:
            return SaveWorkflowPayload(workflow=None, user_errors=_faults(invalid, input))
        return SaveWorkflowPayload(workflow=None if saved is None else workflow_type(saved), user_errors=faults)

    @strawberry.mutation(description="Delete a workflow and its schedule. Runs that have begun go on.")
    async def delete_workflow(self, info: Info, input: Annotated[DeleteWorkflowInput, WHAT]) -> DeleteWorkflowPayload:
        owner, database = await access.owner(info), info.context.services.database
        gone, faults = await caught(saving.delete(database, owner, input.name, clock.now()))
        deleted = None if gone is None else strawberry.ID(ids.encode("Workflow", gone["_id"]))
        return DeleteWorkflowPayload(deleted_workflow_id=deleted, user_errors=faults)

    @strawberry.mutation(description="Run a workflow now. The answer comes at once, the run goes on by itself.")
    async def execute_workflow(
        self, info: Info, input: Annotated[ExecuteWorkflowInput, WHAT]
    ) -> ExecuteWorkflowPayload:
        owner = await access.owner(info)
        run, faults = await caught(_execute(info.context.services, owner, input))
        return ExecuteWorkflowPayload(workflow_run=await _shown(info, owner, run), user_errors=faults)

    @strawberry.mutation(
        description="Begin no further step. Queued runs are cancelled, running ones aborted, soon after the answer."
    )
    async def cancel_workflow_run(
        self, info: Info, input: Annotated[CancelWorkflowRunInput, WHAT]
    ) -> CancelWorkflowRunPayload:
        owner = await access.owner(info)
        run, faults = await caught(_cancel(info.context.services, owner, input))
        return CancelWorkflowRunPayload(workflow_run=await _shown(info, owner, run), user_errors=faults)

    @strawberry.mutation(
        description=(
            "Go on with a workflow run that failed or was cancelled: what was completed stays, the rest is done, with "
            "the version it began with."
        )
    )
    async def resume_workflow_run(
        self, info: Info, input: Annotated[ResumeWorkflowRunInput, WHAT]
    ) -> ResumeWorkflowRunPayload:
        owner = await access.owner(info)
        run, faults = await caught(_resume(info.context.services, owner, input))
        return ResumeWorkflowRunPayload(workflow_run=await _shown(info, owner, run), user_errors=faults)

    @strawberry.mutation(description="Decide what a step of a workflow run waits for, if it asks you.")
    async def decide_approval(self, info: Info, input: Annotated[DecideApprovalInput, WHAT]) -> DecideApprovalPayload:
        user = await access.user(info)
        run, faults = await caught(_decide(info.context.services, user, input))
        return DecideApprovalPayload(approved=None if run is None else input.approved, user_errors=faults)


async def _shown(info: Info, owner: str, run: documents.WorkflowRun | None) -> WorkflowRun | None:
    return None if run is None else await load_workflow_run(info, owner, run.id)


def _faults(invalid: WorkflowInvalid, given: SaveWorkflowInput) -> list[UserError]:
    root = "definition" if given.yaml is None else "yaml"
    return [
        UserError(field=[root, *map(str, fault.path)], code=UserErrorCode.INVALID, message=str(fault))
        for fault in invalid.faults
    ]


async def _save(services: Services, owner: documents.User, given: SaveWorkflowInput) -> documents.Doc:
    now, compute = clock.now(), services.compute
    recipients = RecipientRules(services.settings.email_recipients, owner.email)
    catalog = Catalog(Rules.of(services.settings), recipients)
    if given.yaml is not None:
        checked = await check_yaml(given.yaml.value, now, catalog, compute, owner.id)
    else:
        assert given.definition is not None  # noqa: S101  # the other member of a @oneOf
        checked = await check_object(given.definition.value, now, catalog, compute, owner.id)
    saved = await saving.save_checked(services.database, services.secrets, owner.id, checked, now, services.quotas)
    services.on_workflow_due(saved["next_run_at"])
    return saved


async def _execute(services: Services, owner: str, given: ExecuteWorkflowInput) -> documents.WorkflowRun:
    key = key_of(services, owner, "executeWorkflow", given)
    if await earlier(services, key) is None:
        await require_workflow(services.database, owner, given.name)
        services.quotas.take_run(owner)
    run = await starting.execute(
        services.database, services.versions, owner, given.name, _value(given.input), clock.now(), key
    )
    services.quotas.meter.add_bytes(owner, len(run.inputs))
    services.on_workflow_run(run.id)
    return run


async def _cancel(services: Services, owner: str, given: CancelWorkflowRunInput) -> documents.WorkflowRun:
    run_id = ids.require("WorkflowRun", given.id, "id")
    run = await asking.cancel(services.database, owner, run_id, clock.now())
    services.on_workflow_run(run_id)
    return run


async def _resume(services: Services, owner: str, given: ResumeWorkflowRunInput) -> documents.WorkflowRun:
    run_id = ids.require("WorkflowRun", given.id, "id")
    services.quotas.require_run(owner)
    run = await asking.resume(services.database, services.versions, owner, run_id, _value(given.input), clock.now())
    services.on_workflow_run(run_id)
    return run


async def _decide(services: Services, user: documents.User, given: DecideApprovalInput) -> documents.WorkflowRun:
    if len(given.comment) > _LONGEST_COMMENT:
        raise InvalidInput(f"comment has at most {_LONGEST_COMMENT} characters.", "comment")
    run_id = ids.require("WorkflowRun", given.id, "id")
    run = await asking.decide(
        services.database,
        user,
        run_id,
        given.step,
        clock.now(),
        approved=given.approved,
        comment=given.comment,
        confirms=services.settings.confirms_addresses,
    )
    services.on_workflow_run(run_id)
    return run


def _value(given: Any) -> Any:
    return None if given is strawberry.UNSET else given
