"""The list of decisions that workflow runs wait for."""

import asyncio
from dataclasses import replace
from datetime import datetime

import strawberry

from tocsin.documents import PendingApprovalDocument, User
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.graphql import access
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.node import WORKFLOW_RUN, load_node
from tocsin.graphql.workflows.run_types import WorkflowRun
from tocsin.graphql.workflows.step_types import StepRun, to_step_run
from tocsin.workflows.approval_mails import may_decide
from tocsin.workflows.listing import query_pending_approvals
from tocsin.workflows.pending_approvals import is_waiting_for


@strawberry.type(description="An approval step that waits for a decision.")
class PendingApproval:
    workflow_run: WorkflowRun = strawberry.field(description="Workflow run that waits.")
    step: StepRun = strawberry.field(description="Step that asks; its `approval` has more about the request.")
    message: str = strawberry.field(description="Message to the approver.")
    since: datetime = strawberry.field(description="Time since when the step waits.")
    decide_until: datetime | None = strawberry.field(
        description="Time at which the approval times out; null if it does not."
    )
    can_decide: bool = strawberry.field(description="Whether you are one of those who may decide.")


@strawberry.type
class PendingApprovalQueries:
    @strawberry.field(
        description=(
            "List the approval steps of your workflow runs that wait for a decision, oldest first. Decide with "
            "`decideApproval`; `canDecide` tells whether you may."
        ),
        extensions=[PagedField()],
    )
    async def pending_approvals(self, info: Info, page: PageArguments) -> Connection[PendingApproval]:
        user = await access.require_user(info)
        query = query_pending_approvals(info.context.services.database, user)
        found = await fetch_page(query, page)
        shown = await asyncio.gather(*(_load(info, user, entry) for entry in found.rows))
        kept = [(entry, item) for entry, item in zip(found.rows, shown, strict=True) if item is not None]
        rows, items = [entry for entry, _ in kept], [item for _, item in kept]
        return Connection(query=query, page=replace(found, rows=rows), items=items)


async def _load(info: Info, user: User, entry: PendingApprovalDocument) -> PendingApproval | None:
    """Load what waits; None if it was decided, or has ended otherwise, a moment ago."""
    run = await load_node(info, WORKFLOW_RUN, user.id, entry["run"])
    if run is None or not is_waiting_for(run.document, entry):
        return None
    step = to_step_run(run.document, entry["step"])
    return PendingApproval(
        workflow_run=run,
        step=step,
        message=step.state.message or "",
        since=entry["since"],
        decide_until=step.state.wake_at,
        can_decide=may_decide(user, step.state.asks or ""),
    )
