"""Output types of runs and their attempts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from tocsin.clock import MILLISECOND
from tocsin.dead_letters.store import is_dead_letter
from tocsin.documents import (
    AttemptOutcome,
    Doc,
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
from tocsin.graphql.jobs.http import Header
from tocsin.graphql.node import Node
from tocsin.graphql.runs.reasons import explain_run_reason
from tocsin.graphql.scalars import JSON, Url, parse_json_texts
from tocsin.jobs.base import ErrorKind
from tocsin.tasks.ranking import DEFAULT_QUEUE

_MAX_INT = 2**31 - 1  # of GraphQL's Int

if TYPE_CHECKING:
    from tocsin.graphql.dead_letters.types import RunReplay
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.run_types import WorkflowRun


@strawberry.type(description="The error with which a run or an attempt failed.")
class RunError:
    kind: ErrorKind = strawberry.field(description="Machine-readable kind of the error.")
    message: str = strawberry.field(description="Description of the error for people.")
    hint: str | None = strawberry.field(description="Advice on how to fix it; null if there is none.")


@strawberry.type(description="An HTTP request that was sent.")
class AttemptRequest:
    method: str = strawberry.field(description="HTTP method.")
    url: Url = strawberry.field(description="URL of the first request. Redirects may have led elsewhere.")
    headers: list[Header] = strawberry.field(description="Headers as sent, with secret values replaced by `***`.")


@strawberry.type(description="A breakdown of the duration of an attempt, in milliseconds.")
class AttemptTimings:
    dns: float | None = strawberry.field(
        description="Milliseconds spent resolving the host name; null if no lookup was needed."
    )
    connect: float | None = strawberry.field(
        description="Milliseconds spent connecting, including TLS; null if a connection was reused."
    )
    first_byte: float | None = strawberry.field(
        description="Milliseconds from the start to the first byte of the response."
    )
    total: float | None = strawberry.field(description="Milliseconds from the start to the end.")


@strawberry.type(description="An attempt to execute a run.")
class Attempt:
    document: strawberry.Private[Doc]
    run_id: strawberry.Private[str]
    number: int = strawberry.field(description="Number of the attempt within its run, from 1.")
    started_at: datetime = strawberry.field(description="Time at which the attempt started.")
    finished_at: datetime | None = strawberry.field(
        description="Time at which the attempt ended; null while it is in progress."
    )
    worker: str = strawberry.field(description="Name of the process that made the attempt.")
    outcome: AttemptOutcome | None = strawberry.field(
        description="Outcome of the attempt; null while it is in progress."
    )
    status_code: int | None = strawberry.field(description="HTTP status of the response; null without a response.")
    response_truncated: bool = strawberry.field(
        description="True if the response was longer than the part that is stored."
    )
    redirects: int = strawberry.field(description="Number of redirects followed.")
    error: RunError | None = strawberry.field(
        description="Error of the attempt; null while it is in progress and if it succeeded."
    )

    @strawberry.field(description="Duration in milliseconds; null while the attempt is in progress.")
    def duration_ms(self) -> int | None:
        return None if self.finished_at is None else max(0, (self.finished_at - self.started_at) // MILLISECOND)

    @strawberry.field(description="Request that was sent; null if none was.")
    def request(self) -> AttemptRequest | None:
        sent = self.document.get("request")
        return sent and AttemptRequest(
            method=sent["method"], url=Url(sent["url"]), headers=_to_headers(sent["headers"])
        )

    @strawberry.field(
        description="Headers of the response in their original order, at most 16 kB, with cookies replaced by `***`."
    )
    def response_headers(self) -> list[Header]:
        return _to_headers(self.document.get("response_headers") or [])

    @strawberry.field(description="Stored part of the response body, as text; null if there was none.")
    async def response_body(self, info: Info) -> str | None:
        if not self.document.get("has_body"):
            return None
        return await info.context.services.loaders.load_response_body(self.run_id, self.number)

    @strawberry.field(
        description="Breakdown of the duration; null while the attempt is in progress and if nothing was sent."
    )
    def timings(self) -> AttemptTimings | None:
        timings = self.document.get("timings")
        if not timings:
            return None
        names = ("dns", "connect", "first_byte", "total")
        return AttemptTimings(**{name: timings.get(name) for name in names})


@strawberry.type(description="A run: one occurrence of a task or workflow step, attempted one or more times.")
class Run(Node):
    document: strawberry.Private[Doc]
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
        result: JSON | None = (await parse_json_texts([self.document.get("result")]))[0]
        return result

    @strawberry.field(description="Task of the run; null if the task was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("tocsin.graphql.tasks.types")] | None:
        from tocsin.graphql.tasks.types import load_task  # the two modules import each other

        return await load_task(info, self.document["owner"], parent_of(self.document["_id"]))

    @strawberry.field(description="Workflow run to which the run belongs as a step; null for a run of a task.")
    async def workflow_run(
        self, info: Info
    ) -> Annotated["WorkflowRun", strawberry.lazy("tocsin.graphql.workflows.run_types")] | None:
        from tocsin.graphql.workflows.run_types import load_workflow_run  # the two modules import each other

        if step_of(self.document["_id"]) is None:
            return None
        return await load_workflow_run(info, self.document["owner"], parent_of(self.document["_id"]))

    @strawberry.field(description="Name of its queue.")
    def queue(self) -> str:
        return str(self.document.get("queue") or DEFAULT_QUEUE)

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
    def replays(self) -> list[Annotated["RunReplay", strawberry.lazy("tocsin.graphql.dead_letters.types")]]:
        from tocsin.graphql.dead_letters.types import to_run_replay  # the two modules import each other

        return [to_run_replay(self.document["owner"], entry) for entry in self.document.get("replays") or ()]

    @strawberry.field(description="Attempts of the run, at most 100, oldest first.")
    def attempts(self) -> list[Attempt]:
        run_id = self.document["_id"]
        claimed = self.document["attempts"]
        is_waiting = self.document["status"] == RunStatus.RUNNING.value and self.status is RunStatus.QUEUED
        return [_to_attempt(run_id, document) for document in (claimed[:-1] if is_waiting else claimed)]


def to_run(run: Doc) -> Run:
    """Convert a stored run."""
    reason = run.get("reason") and RunReason(run["reason"])
    same = (
        "started_at",
        "finished_at",
        "queued_at",
        "cancel_requested_at",
        "missed_until",
        "discarded_at",
    )
    missed_count = run.get("missed_count")
    return Run(
        id=strawberry.ID(ids.encode("Run", run["_id"])),
        document=run,
        missed_count=None if missed_count is None else min(missed_count, _MAX_INT),
        task_name=run["task_name"],
        task_version=run["task_version"],
        trigger=Trigger(run["trigger"]),
        status=public_status(run),
        reason=reason,
        reason_text=reason and explain_run_reason(reason, run),
        due_at=run["due_at"],
        created_at=run["created_at"],
        next_attempt_at=run.get("retry_at") if run["status"] == RunStatus.RETRY.value else None,
        error=to_run_error(run.get("error")),
        **{name: run.get(name) for name in same},
    )


async def load_run(info: Info, owner: str, run_id: str) -> Run | None:
    """Load a run of the owner; None if it does not exist."""
    run = await info.context.services.loaders.load_run(owner, run_id)
    return None if run is None else to_run(run)


def _to_attempt(run_id: str, attempt: Doc) -> Attempt:
    outcome = attempt.get("outcome")
    return Attempt(
        document=attempt,
        run_id=run_id,
        number=attempt["number"],
        started_at=attempt["started_at"],
        finished_at=attempt.get("finished_at"),
        worker=attempt["worker"],
        outcome=outcome and AttemptOutcome(outcome),
        status_code=attempt.get("status_code"),
        response_truncated=bool(attempt.get("response_truncated")),
        redirects=attempt.get("redirects") or 0,
        error=to_run_error(attempt.get("error")),
    )


def to_run_error(error: Doc | None) -> RunError | None:
    """Convert a stored error."""
    if not error:
        return None
    return RunError(kind=ErrorKind(error["kind"]), message=error["message"], hint=error["hint"])


def _to_headers(pairs: list[Any]) -> list[Header]:
    return [Header(name=name, value=value) for name, value in pairs]
