"""Output types of the steps of workflow runs."""

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.documents import (
    ApprovalDecisionDocument,
    RunStatus,
    StepReason,
    StepStatus,
    WaitingFor,
    WorkflowRunDocument,
)
from tocsin.documents.paging import PageArguments
from tocsin.errors import InvalidInput
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.runs.attempts import RunError, to_run_error
from tocsin.graphql.runs.progress import Progress, to_run_progress
from tocsin.graphql.runs.types import Run
from tocsin.graphql.scalars import JSON, parse_json_texts
from tocsin.graphql.workflows.reasons import explain_step_reason
from tocsin.graphql.workflows.step_run_pages import StepRunPlaces, connect_step_runs
from tocsin.workflows.engine.states import ItemState, StepRunRef, StepState

_MAX_RUNS = 100
_MAX_RESULTS_LENGTH = 8 * 1024 * 1024
"""Maximum size, in characters, of all results of a step that are returned as one list."""


@strawberry.type(description="The number of items of a step with `forEach`, by state.")
class StepItems:
    total: int = strawberry.field(description="Number of items in total.")
    completed: int = strawberry.field(description="Number of items that were completed.")
    running: int = strawberry.field(description="Number of items that are running.")
    failed: int = strawberry.field(description="Number of items that failed.")


@strawberry.type(description="An approval: the request for a decision of a person, and the decision.")
class StepApproval:
    by: str = strawberry.field(description="Approver: the email address of a user, or `admins` for any administrator.")
    message: str = strawberry.field(description="Message to the approver.")
    decide_until: datetime | None = strawberry.field(
        description="Time at which the approval times out; null if it does not, and after the decision."
    )
    reminders: int = strawberry.field(description="Number of reminders sent.")
    decided_by: str | None = strawberry.field(
        description="Email address of the person who decided; null if nobody has decided."
    )
    decided_at: datetime | None = strawberry.field(description="Time of the decision; null if nobody has decided.")
    comment: str | None = strawberry.field(description="Comment on the decision; null if there is none.")
    not_asked_because: str | None = strawberry.field(
        description="Reason why nobody was asked by mail, and how to change that; null if somebody was or has decided."
    )


@strawberry.type(description="A step of a workflow run.")
class StepRun:
    document: strawberry.Private[WorkflowRunDocument]
    state: strawberry.Private[StepState]
    key: str = strawberry.field(description="Key of the step.")
    status: StepStatus = strawberry.field(description="Status of the step.")
    reason: StepReason | None = strawberry.field(
        description="Reason for the status; null if the status explains itself."
    )
    reason_text: str | None = strawberry.field(description="Explanation of `reason` for people; null without a reason.")
    round: int = strawberry.field(description="Number of times the step was restarted by `resumeWorkflowRun`.")
    started_at: datetime | None = strawberry.field(description="Time at which the step started; null before that.")
    finished_at: datetime | None = strawberry.field(description="Time at which the step ended; null before that.")
    wait_until: datetime | None = strawberry.field(
        description="Time at which its wait ends; null unless it waits for a point in time."
    )
    error: RunError | None = strawberry.field(description="Error with which it failed; null if it did not fail.")

    @strawberry.field(description="Number of items by state; null for a step without `forEach`, and before it starts.")
    def items(self) -> StepItems | None:
        item_states = self.state.items
        if item_states is None:
            return None
        return StepItems(
            total=len(item_states),
            completed=item_states.count(ItemState.COMPLETED),
            running=item_states.count(ItemState.RUNNING),
            failed=item_states.count(ItemState.FAILED),
        )

    @strawberry.field(
        description=(
            "How far a RUNNING step is: the items of `forEach` that have ended, or else what the job of its run told; "
            "null if that told nothing."
        )
    )
    async def progress(self, info: Info) -> Progress | None:
        if self.status is not StepStatus.RUNNING:
            return None
        if (items := self.state.items) is not None:
            open_items = items.count(ItemState.PENDING) + items.count(ItemState.RUNNING)
            return Progress(done=len(items) - open_items, all=len(items))
        (run,) = await self._load_runs(info, [StepRunRef(self.key)])
        return None if run is None else to_run_progress(run.document)

    @strawberry.field(
        description=(
            "Condition that the step is waiting for; null unless it is PENDING or WAITING, or is RUNNING and its run "
            "expects a callback (CALLBACK). With `forEach`, its runs tell which items do."
        )
    )
    async def waiting_for(self, info: Info) -> WaitingFor | None:
        if self.status is StepStatus.PENDING:
            return WaitingFor.DEPENDENCY
        if self.status is StepStatus.RUNNING and self.state.items is None:
            (run,) = await self._load_runs(info, [StepRunRef(self.key)])
            return WaitingFor.CALLBACK if run is not None and run.status is RunStatus.WAITING else None
        if self.status is not StepStatus.WAITING:
            return None
        if self.state.asks is None:
            return WaitingFor.TIME
        return WaitingFor.APPROVAL if await self._find_refusal(info) is None else WaitingFor.ACCEPTANCE

    async def _find_refusal(self, info: Info) -> str | None:
        """Explain why nobody was asked for the pending decision; None if somebody was."""
        if self.status is not StepStatus.WAITING or self.state.asks is None:
            return None
        return await info.context.services.loaders.load_refusal(self.document["owner"], self.state.asks)

    @strawberry.field(description="Approval that the step waits or waited for; null for other kinds of steps.")
    async def approval(self, info: Info) -> StepApproval | None:
        state = self.state
        if state.asks is None:
            return None
        decision: ApprovalDecisionDocument = state.decision or {"by": None, "at": None}
        at = decision["at"]
        return StepApproval(
            by=state.asks,
            message=state.message or "",
            decide_until=state.wake_at,
            reminders=state.reminders,
            decided_by=decision["by"],
            decided_at=None if at is None else datetime.fromisoformat(at),
            comment=decision.get("comment"),
            not_asked_because=await self._find_refusal(info),
        )

    @strawberry.field(
        description="Result of the step, null until it is completed; with `forEach`, a list in the order of the items."
    )
    async def result(self, info: Info) -> JSON | None:
        if self.status is not StepStatus.COMPLETED and self.state.items is None:
            return None
        items = self.state.items
        refs = [StepRunRef(self.key)] if items is None else self._item_refs(0, len(items))
        found = await self._load_runs(info, refs)
        texts = [None if run is None else run.document.get("result") for run in found]
        if sum(len(text or "") for text in texts) > _MAX_RESULTS_LENGTH:
            raise InvalidInput(
                f"The results have more than {_MAX_RESULTS_LENGTH:,} characters. Query those in `runsConnection`.",
                "result",
            )
        values = await parse_json_texts(texts)
        result: JSON | None = values if items is not None else values[0]  # type: ignore[assignment]
        return result

    @strawberry.field(
        description=(
            "Runs of the step: at most 100, in the order of the items, followed by the run of its compensation."
        ),
        deprecation_reason="Use `runsConnection`, which goes through all runs in pages.",
    )
    async def runs(
        self,
        info: Info,
        skip: Annotated[int, strawberry.argument(description="Number of items to skip at the start.")] = 0,
    ) -> list[Run]:
        if skip < 0:
            raise InvalidInput("skip must be 0 or more.", "skip")
        items = self.state.items
        refs = [StepRunRef(self.key)] if items is None else self._item_refs(skip, min(len(items), skip + _MAX_RUNS))
        found = await self._load_runs(info, [*refs, StepRunRef(self.key, is_compensation=True)])
        return [run for run in found if run is not None]

    @strawberry.field(
        description="List the runs of the step in the order of the items, and then the run of its compensation.",
        extensions=[PagedField()],
    )
    async def runs_connection(self, info: Info, page: PageArguments) -> Connection[Run]:
        return await connect_step_runs(info, self.document, StepRunPlaces(self.key, self.state.items), page)

    def _item_refs(self, start: int, stop: int) -> list[StepRunRef]:
        return [StepRunRef(self.key, index) for index in range(start, stop)]

    async def _load_runs(self, info: Info, refs: list[StepRunRef]) -> list[Run | None]:
        """Load runs of the step, with one query."""
        owner, workflow_run = self.document["owner"], self.document["_id"]
        return await asyncio.gather(*(load_node(info, RUN, owner, ref.run_id(workflow_run)) for ref in refs))


def to_step_run(document: WorkflowRunDocument, key: str) -> StepRun:
    """Convert the state of a step of a stored workflow run."""
    state = StepState.from_document(document["steps"][key])
    return StepRun(
        document=document,
        state=state,
        key=key,
        status=state.status,
        reason=state.reason,
        reason_text=state.reason and explain_step_reason(state.reason),
        round=state.round,
        started_at=state.started_at,
        finished_at=state.finished_at,
        wait_until=state.wake_at if state.asks is None else None,
        error=to_run_error(state.error),
    )
