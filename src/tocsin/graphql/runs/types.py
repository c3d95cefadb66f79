"""Output types of runs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from tocsin.dead_letters.store import is_dead_letter
from tocsin.documents import (
    ReplayEntryDocument,
    RunDocument,
    RunReason,
    RunStatus,
    Trigger,
    WaitingFor,
    parent_of,
    public_status,
    step_of,
)
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import REPLAY, RUN, TASK, WORKFLOW_RUN, Node, converter_to, load_node
from tocsin.graphql.queues.loading import ASSIGNED_QUEUE, load_queue
from tocsin.graphql.queues.types import Queue
from tocsin.graphql.runs.attempts import Attempt, RunError, to_attempt, to_run_error
from tocsin.graphql.runs.progress import Progress, to_run_progress
from tocsin.graphql.runs.reasons import explain_run_reason
from tocsin.graphql.scalars import JSON, parse_json_texts
from tocsin.tasks.ranking import DEFAULT_QUEUE

_MAX_INT = 2**31 - 1  # of GraphQL's Int

if TYPE_CHECKING:
    from tocsin.graphql.dead_letters.types import Replay
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.run_types import WorkflowRun


@strawberry.type(description="One occasion on which a person retried or replayed a run.")
class RunReplay:
    document: strawberry.Private[ReplayEntryDocument]
    owner: strawberry.Private[str]
    at: datetime = strawberry.field(description="Time at which the run was queued again.")
    round: int = strawberry.field(
        description="Number of times the run had been retried or replayed by then, including this one."
    )

    @strawberry.field(description="The replay that sent it; null for a single retry and after the replay was deleted.")
    async def replay(self, info: Info) -> Annotated["Replay", strawberry.lazy("..dead_letters.types")] | None:
        replay_id = self.document["replay"]
        return None if replay_id is None else await load_node(info, REPLAY, self.owner, replay_id)


@strawberry.type(description="A run: one occurrence of a task or workflow step, attempted one or more times.")
class Run(Node):
    document: strawberry.Private[RunDocument]
    task_name: str = strawberry.field(
        description="Name of the task when the run was created, or at the last edit of the task while the run was open."
    )
    task_version: int = strawberry.field(description="Version of the task from which the run was created.")
    trigger: Trigger = strawberry.field(description="Origin of the run.")
    status: RunStatus = strawberry.field(description="Status of the run.")
    reason: RunReason | None = strawberry.field(
        description="Reason for the status; null if the status explains itself."
    )
    reason_text: str | None = strawberry.field(description="Explanation of `reason` for people; null without a reason.")
    due_at: datetime = strawberry.field(
        description="Due time of the run. For a MISSED run, the first of the due times that it represents."
    )
    created_at: datetime = strawberry.field(description="Time at which the run was created.")
    queued_at: datetime | None = strawberry.field(
        description="Time at which the run was last queued for a worker; null if it never was."
    )
    started_at: datetime | None = strawberry.field(
        description="Time at which the first attempt started; null before that."
    )
    finished_at: datetime | None = strawberry.field(description="Time at which the run ended; null before that.")
    next_attempt_at: datetime | None = strawberry.field(
        description="Time of the next attempt; null unless the status is RETRY."
    )
    callback_expected_by: datetime | None = strawberry.field(
        description="Time until which a callback of the target is awaited; null unless the status is WAITING."
    )
    cancel_requested_at: datetime | None = strawberry.field(
        description="Time at which its cancellation was requested during an attempt; null if it was not."
    )
    missed_until: datetime | None = strawberry.field(
        description="For a MISSED run, the last of the due times that it represents; null otherwise."
    )
    missed_count: int | None = strawberry.field(
        description="For a MISSED run, the number of due times that it represents, at most 2147483647; null otherwise."
    )
    discarded_at: datetime | None = strawberry.field(
        description="Time at which it was discarded as a dead letter; null if it was not, or ran again since."
    )
    error: RunError | None = strawberry.field(description="Error of the latest attempt; null if it did not fail.")

    @strawberry.field(
        description=(
            "Value that the job returned: JSON of at most 1 MiB. Null until the run succeeds, and for `http` jobs "
            "outside of workflows, whose response is in `responseBody` of the attempt."
        )
    )
    async def result(self) -> JSON | None:
        if self.status is RunStatus.WAITING:  # it is that of the response, until the callback
            return None
        result: JSON | None = (await parse_json_texts([self.document.get("result")]))[0]
        return result

    @strawberry.field(description="Task of the run; null if the task was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("..tasks.types")] | None:
        return await load_node(info, TASK, self.document["owner"], parent_of(self.document["_id"]))

    @strawberry.field(description="Workflow run to which the run belongs as a step; null for a run of a task.")
    async def workflow_run(
        self, info: Info
    ) -> Annotated["WorkflowRun", strawberry.lazy("..workflows.run_types")] | None:
        if step_of(self.document["_id"]) is None:
            return None
        return await load_node(info, WORKFLOW_RUN, self.document["owner"], parent_of(self.document["_id"]))

    @strawberry.field(description="Name of its queue.")
    def queue(self) -> str:
        return str(self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(description=ASSIGNED_QUEUE)
    async def assigned_queue(self, info: Info) -> Queue | None:
        return await load_queue(info, self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(
        description="Priority, -10 to 10. Among your queued runs, those with a higher priority start first."
    )
    def priority(self) -> int:
        return int(self.document.get("priority") or 0)

    @strawberry.field(description="Condition that an open run is waiting for; null if it is not waiting.")
    def waiting_for(self, info: Info) -> WaitingFor | None:
        waiting = info.context.services.find_wait_reason(self.document)
        return None if waiting is None else waiting.waiting_for

    @strawberry.field(description="Explanation of `waitingFor` for people; null if the run is not waiting.")
    def waiting_text(self, info: Info) -> str | None:
        waiting = info.context.services.find_wait_reason(self.document)
        return None if waiting is None else waiting.text

    @strawberry.field(
        description="How far the attempt in progress is, as its job last told it, a second or so ago; null otherwise."
    )
    def progress(self) -> Progress | None:
        return to_run_progress(self.document)

    @strawberry.field(description="Key of its workflow step; null for a run of a task.")
    def step_key(self) -> str | None:
        return step_of(self.document["_id"])

    @strawberry.field(
        description="True if the run is a dead letter: FAILED, not discarded, and not retried or replayed since."
    )
    def dead_letter(self) -> bool:
        return is_dead_letter(self.document)

    @strawberry.field(
        description="The latest occasions on which a person retried or replayed the run, at most 50, oldest first."
    )
    def replays(self) -> list[RunReplay]:
        return [_to_run_replay(self.document["owner"], entry) for entry in self.document.get("replays") or ()]

    @strawberry.field(description="Attempts of the run, at most 100, oldest first.")
    def attempts(self) -> list[Attempt]:
        run_id = self.document["_id"]
        claimed = self.document["attempts"]
        is_waiting = self.document["status"] == RunStatus.RUNNING and self.status is RunStatus.QUEUED
        return [to_attempt(run_id, document) for document in (claimed[:-1] if is_waiting else claimed)]


@converter_to(RUN)
def to_run(run: RunDocument) -> Run:
    """Convert a stored run."""
    stored_reason = run.get("reason")
    reason = None if stored_reason is None else RunReason(stored_reason)
    missed_count = run.get("missed_count")
    return Run(
        id=strawberry.ID(ids.encode_id("Run", run["_id"])),
        document=run,
        task_name=run["task_name"],
        task_version=run["task_version"],
        trigger=Trigger(run["trigger"]),
        status=public_status(run),
        reason=reason,
        reason_text=reason and explain_run_reason(reason, run),
        due_at=run["due_at"],
        created_at=run["created_at"],
        queued_at=run.get("queued_at"),
        started_at=run.get("started_at"),
        finished_at=run.get("finished_at"),
        next_attempt_at=run.get("retry_at") if run["status"] == RunStatus.RETRY else None,
        callback_expected_by=run.get("callback_by") if run["status"] == RunStatus.WAITING else None,
        cancel_requested_at=run.get("cancel_requested_at"),
        missed_until=run.get("missed_until"),
        missed_count=None if missed_count is None else min(missed_count, _MAX_INT),
        discarded_at=run.get("discarded_at"),
        error=to_run_error(run.get("error")),
    )


def _to_run_replay(owner: str, document: ReplayEntryDocument) -> RunReplay:
    return RunReplay(document=document, owner=owner, at=document["at"], round=document["round"])
