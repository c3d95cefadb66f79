"""Workflow runs and their steps, as they are shown."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.documents import Doc, StepReason, StepStatus, Trigger, WaitingFor, WorkflowRunReason, WorkflowRunStatus
from tocsin.errors import InvalidInput
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import Node
from tocsin.graphql.run_types import Run, RunError, run_error, run_type
from tocsin.graphql.scalars import JSON, read_texts
from tocsin.graphql.workflow_reasons import reason_text, step_reason_text
from tocsin.workflows.states import COMPLETED, FAILED, RUNNING, StepState, Work

_MOST_RUNS = 100
_MOST_SHOWN = 8 * 1024 * 1024
"""Characters of all results of a step that are shown as one list."""


@strawberry.type(description="How far something has come, in steps or items.")
class Progress:
    done: int = strawberry.field(description="How many are settled.")
    all: int = strawberry.field(description="How many there are.")


@strawberry.type(description="The items of a step with `forEach`, counted.")
class StepItems:
    total: int = strawberry.field(description="How many there are.")
    completed: int = strawberry.field(description="How many were completed.")
    running: int = strawberry.field(description="How many are under way.")
    failed: int = strawberry.field(description="How many failed.")


@strawberry.type(description="What a person is asked, and what he decided.")
class StepApproval:
    by: str = strawberry.field(description="Whose decision it is: a user's email address, or `admins`.")
    message: str = strawberry.field(description="What he is told.")
    decide_until: datetime | None = strawberry.field(description="When it times out; null: never, or it is decided.")
    reminders: int = strawberry.field(description="How many reminders were sent.")
    decided_by: str | None = strawberry.field(description="The email address of who decided; null: nobody did.")
    decided_at: datetime | None = strawberry.field(description="When; null: nobody did.")
    comment: str | None = strawberry.field(description="What he said of it; null: nobody decided.")
    not_asked_because: str | None = strawberry.field(
        description="Why nobody was asked by mail, and what changes that; null if somebody was, or it is over."
    )


@strawberry.type(description="A step of a workflow run.")
class StepRun:
    document: strawberry.Private[Doc]
    state: strawberry.Private[StepState]
    key: str = strawberry.field(description="The step's key.")
    status: StepStatus = strawberry.field(description="Where the step is in its life.")
    reason: StepReason | None = strawberry.field(description="Why, where the status alone does not say it.")
    reason_text: str | None = strawberry.field(description="The reason in a plain sentence.")
    round: int = strawberry.field(description="How often it was begun again by `resumeWorkflowRun`: a count.")
    started_at: datetime | None = strawberry.field(description="When it began; null before that.")
    finished_at: datetime | None = strawberry.field(description="When it was settled; null before that.")
    wait_until: datetime | None = strawberry.field(description="When its wait ends; null unless it waits for a time.")
    error: RunError | None = strawberry.field(description="Why it failed; null if it did not.")

    @strawberry.field(description="The items, counted; null for a step without `forEach`, and until it begins.")
    def items(self) -> StepItems | None:
        letters = self.state.items
        if letters is None:
            return None
        return StepItems(
            total=len(letters),
            completed=letters.count(COMPLETED),
            running=letters.count(RUNNING),
            failed=letters.count(FAILED),
        )

    @strawberry.field(description="What it waits for; null unless it is PENDING or WAITING.")
    async def waiting_for(self, info: Info) -> WaitingFor | None:
        if self.status is StepStatus.PENDING:
            return WaitingFor.DEPENDENCY
        if self.status is not StepStatus.WAITING:
            return None
        if self.state.asks is None:
            return WaitingFor.TIME
        return WaitingFor.APPROVAL if await self._refusal(info) is None else WaitingFor.ACCEPTANCE

    async def _refusal(self, info: Info) -> str | None:
        """Why nobody is asked for the decision that it waits for."""
        if self.status is not StepStatus.WAITING or self.state.asks is None:
            return None
        return await info.context.services.refusals.of(self.document["owner"], self.state.asks)

    @strawberry.field(description="The decision that it waits or waited for; null for another kind of step.")
    async def approval(self, info: Info) -> StepApproval | None:
        state = self.state
        if state.asks is None:
            return None
        decision = state.decision or {}
        at = decision.get("at")
        return StepApproval(
            by=state.asks,
            message=state.message or "",
            decide_until=state.wake_at,
            reminders=state.reminders,
            decided_by=decision.get("by"),
            decided_at=at and datetime.fromisoformat(at),
            comment=decision.get("comment"),
            not_asked_because=await self._refusal(info),
        )

    @strawberry.field(description="What it returned: with `forEach` a list in the order of the items; null until then.")
    async def result(self, info: Info) -> JSON | None:
        if self.status is not StepStatus.COMPLETED and self.state.items is None:
            return None
        letters = self.state.items
        works = [Work(self.key)] if letters is None else [Work(self.key, index) for index in range(len(letters))]
        found = await _runs(info, [work.run_id(self.document["_id"]) for work in works])
        texts = [None if run is None else run.get("result") for run in found]
        if sum(len(text or "") for text in texts) > _MOST_SHOWN:
            raise InvalidInput(
                f"The results have more than {_MOST_SHOWN:,} characters. Ask for those of runs.", "result"
            )
        values = await read_texts(texts)
        result: JSON | None = values if letters is not None else values[0]  # type: ignore[assignment]
        return result

    @strawberry.field(description="Its runs, at most 100 in the order of the items, its compensation's last.")
    async def runs(
        self,
        info: Info,
        skip: Annotated[int, strawberry.argument(description="How many items to leave out at the beginning.")] = 0,
    ) -> list[Run]:
        if skip < 0:
            raise InvalidInput("skip must be 0 or more.", "skip")
        works = [Work(self.key)]
        if self.state.items is not None:
            works = [Work(self.key, index) for index in range(skip, min(len(self.state.items), skip + _MOST_RUNS))]
        ids_ = [work.run_id(self.document["_id"]) for work in (*works, Work(self.key, undo=True))]
        return [run_type(run) for run in await _runs(info, ids_) if run is not None]


@strawberry.type(description="One execution of a workflow.")
class WorkflowRun(Node):
    document: strawberry.Private[Doc]
    name: str = strawberry.field(description="The workflow's name.")
    version: int = strawberry.field(description="The version of the workflow that it runs, a number from 1.")
    trigger: Trigger = strawberry.field(description="What made it.")
    status: WorkflowRunStatus = strawberry.field(description="Where it is in its life.")
    reason: WorkflowRunReason | None = strawberry.field(description="Why, where the status alone does not say it.")
    reason_text: str | None = strawberry.field(description="The reason in a plain sentence.")
    due_at: datetime = strawberry.field(description="When it was due, or asked for.")
    created_at: datetime = strawberry.field(description="When it was made.")
    started_at: datetime | None = strawberry.field(description="When its first step began; null before that.")
    finished_at: datetime | None = strawberry.field(description="When it was settled; null before that.")
    cancel_requested_at: datetime | None = strawberry.field(description="When its cancellation was asked for.")
    progress: Progress = strawberry.field(description="How many of its steps are settled.")
    error: RunError | None = strawberry.field(description="Why it failed; null if it did not.")

    @strawberry.field(description="Its inputs, defaults included: an object.")
    async def inputs(self) -> JSON:
        inputs: JSON = (await read_texts([self.document["inputs"]]))[0]
        return inputs

    @strawberry.field(description="The final result: the workflow's `output`, or what its last steps returned.")
    async def result(self) -> JSON | None:
        result: JSON | None = (await read_texts([self.document["output"]]))[0]
        return result

    @strawberry.field(description="Its steps, in the order in which they are written.")
    def steps(self) -> list[StepRun]:
        return [_step(self.document, key) for key in self.document["steps"]]

    @strawberry.field(description="One of its steps; null if it has none of this key.")
    def step(self, key: Annotated[str, strawberry.argument(description="The step's key.")]) -> StepRun | None:
        return _step(self.document, key) if key in self.document["steps"] else None


def workflow_run_type(document: Doc) -> WorkflowRun:
    """A stored workflow run as it is shown."""
    reason = document["reason"] and WorkflowRunReason(document["reason"])
    return WorkflowRun(
        id=strawberry.ID(ids.encode("WorkflowRun", document["_id"])),
        document=document,
        name=document["name"],
        version=document["version"],
        trigger=Trigger(document["trigger"]),
        status=WorkflowRunStatus(document["status"]),
        reason=reason,
        reason_text=reason and reason_text(reason),
        due_at=document["due_at"],
        created_at=document["created_at"],
        started_at=document["started_at"],
        finished_at=document["finished_at"],
        cancel_requested_at=document["cancel_requested_at"],
        progress=Progress(done=document["done"], all=document["total"]),
        error=run_error(document["error"]),
    )


async def load_workflow_run(info: Info, owner: str, run_id: str) -> WorkflowRun | None:
    """The owner's workflow run of this id."""
    document = await info.context.services.loaders.workflow_run(owner, run_id)
    return None if document is None else workflow_run_type(document)


def _step(document: Doc, key: str) -> StepRun:
    state = StepState.from_document(document["steps"][key])
    return StepRun(
        document=document,
        state=state,
        key=key,
        status=state.status,
        reason=state.reason,
        reason_text=state.reason and step_reason_text(state.reason),
        round=state.round,
        started_at=state.started_at,
        finished_at=state.finished_at,
        wait_until=state.wake_at if state.asks is None else None,
        error=run_error(state.error),
    )


async def _runs(info: Info, run_ids: list[str]) -> list[Doc | None]:
    return [await info.context.services.loaders.run(run_id.partition("/")[0], run_id) for run_id in run_ids]
