"""Runs and their attempts, as they are shown."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from tocsin.clock import MILLISECOND
from tocsin.documents import (
    AttemptOutcome,
    Doc,
    RunReason,
    RunStatus,
    Trigger,
    WaitingFor,
    shown_status,
    step_of,
    task_of,
)
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.http_job_types import Header
from tocsin.graphql.node import Node
from tocsin.graphql.reasons import reason_text
from tocsin.graphql.scalars import JSON, Url, read_texts
from tocsin.jobs.base import ErrorKind
from tocsin.tasks.dead_letters import is_dead_letter
from tocsin.tasks.lanes import DEFAULT_QUEUE

_LARGEST_INT = 2**31 - 1  # of GraphQL's Int

if TYPE_CHECKING:
    from tocsin.graphql.dead_letter_types import RunReplay
    from tocsin.graphql.task_types import Task
    from tocsin.graphql.workflow_run_types import WorkflowRun


@strawberry.type(description="Why an attempt, or a run, failed.")
class RunError:
    kind: ErrorKind = strawberry.field(description="The kind of fault, for programs.")
    message: str = strawberry.field(description="What went wrong, in a sentence.")
    hint: str | None = strawberry.field(description="What may help.")


@strawberry.type(description="The request that was sent.")
class AttemptRequest:
    method: str = strawberry.field(description="The HTTP method.")
    url: Url = strawberry.field(description="What was called first; redirects may have led elsewhere.")
    headers: list[Header] = strawberry.field(description="The headers as sent; secrets as `***`.")


@strawberry.type(description="Where the time of an attempt went, in milliseconds.")
class AttemptTimings:
    dns: float | None = strawberry.field(
        description="Milliseconds spent looking up the host name; null where that was not needed."
    )
    connect: float | None = strawberry.field(
        description="Milliseconds spent connecting, TLS included; null where a kept connection was used."
    )
    first_byte: float | None = strawberry.field(
        description="Milliseconds from the beginning to the first byte of the answer."
    )
    total: float | None = strawberry.field(description="Milliseconds from the beginning to the end.")


@strawberry.type(description="One try of a run.")
class Attempt:
    document: strawberry.Private[Doc]
    run_id: strawberry.Private[str]
    number: int = strawberry.field(description="1 for the first attempt of the run.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null while it goes on.")
    worker: str = strawberry.field(description="The process that made it.")
    outcome: AttemptOutcome | None = strawberry.field(description="How it ended; null while it goes on.")
    status_code: int | None = strawberry.field(description="The HTTP status of the answer; null without an answer.")
    response_truncated: bool = strawberry.field(description="Whether the answer was longer than what is kept of it.")
    redirects: int = strawberry.field(description="How many redirects were followed.")
    error: RunError | None = strawberry.field(description="Why it failed; null while it goes on and if it succeeded.")

    @strawberry.field(description="How long it took, in milliseconds; null while it goes on.")
    def duration_ms(self) -> int | None:
        return None if self.finished_at is None else max(0, (self.finished_at - self.started_at) // MILLISECOND)

    @strawberry.field(description="The request that was sent; null if none was.")
    def request(self) -> AttemptRequest | None:
        sent = self.document.get("request")
        return sent and AttemptRequest(method=sent["method"], url=Url(sent["url"]), headers=_headers(sent["headers"]))

    @strawberry.field(description="The headers of the answer, in their order, at most 16 kB; cookies as `***`.")
    def response_headers(self) -> list[Header]:
        return _headers(self.document.get("response_headers") or [])

    @strawberry.field(description="The body of the answer as text, as far as it is kept; null if there was none.")
    async def response_body(self, info: Info) -> str | None:
        if not self.document.get("has_body"):
            return None
        return await info.context.services.loaders.body(self.run_id, self.number)

    @strawberry.field(description="Where the time went; null while it goes on, or if nothing was sent.")
    def timings(self) -> AttemptTimings | None:
        timings = self.document.get("timings")
        if not timings:
            return None
        names = ("dns", "connect", "first_byte", "total")
        return AttemptTimings(**{name: timings.get(name) for name in names})


@strawberry.type(description="One occurrence of a task: due once, attempted one or more times, settled once.")
class Run(Node):
    document: strawberry.Private[Doc]
    task_name: str = strawberry.field(
        description="The name of the task when the run was made, or last edited while it was open."
    )
    task_version: int = strawberry.field(description="The version of the task that the run was made from.")
    trigger: Trigger = strawberry.field(description="What made the run.")
    status: RunStatus = strawberry.field(description="Where the run is in its life.")
    reason: RunReason | None = strawberry.field(description="Why, where the status alone does not say it.")
    reason_text: str | None = strawberry.field(description="The reason in a plain sentence.")
    due_at: datetime = strawberry.field(
        description="When it was due. Of a MISSED run: the first of the due times it stands for."
    )
    created_at: datetime = strawberry.field(description="When the run was made.")
    queued_at: datetime | None = strawberry.field(
        description="When it last began to wait for a worker; null if it never did."
    )
    started_at: datetime | None = strawberry.field(description="When its first attempt began; null before that.")
    finished_at: datetime | None = strawberry.field(description="When it was settled; null before that.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried again; null unless the status is RETRY."
    )
    cancel_requested_at: datetime | None = strawberry.field(
        description="When its cancellation was asked for while it was running."
    )
    missed_until: datetime | None = strawberry.field(
        description="Of a MISSED run: the last of the due times it stands for."
    )
    missed_count: int | None = strawberry.field(
        description="Of a MISSED run: how many due times it stands for, 2147483647 at most."
    )
    discarded_at: datetime | None = strawberry.field(
        description="When it was discarded as a dead letter; null if it was not, or was done again since."
    )
    error: RunError | None = strawberry.field(description="Why the latest attempt failed; null if it did not.")

    @strawberry.field(
        description=(
            "What the job returned: a JSON value of at most 1 MiB; null until it succeeded, and of an `http` job "
            "outside of workflows (see the attempt's `responseBody`)."
        )
    )
    async def result(self) -> JSON | None:
        result: JSON | None = (await read_texts([self.document.get("result")]))[0]
        return result

    @strawberry.field(description="The task; null when it was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("tocsin.graphql.task_types")] | None:
        from tocsin.graphql.task_types import load_task  # tasks know runs, and runs know tasks

        return await load_task(info, self.document["owner"], task_of(self.document["_id"]))

    @strawberry.field(description="The workflow run whose step it is; null of a task's run.")
    async def workflow_run(
        self, info: Info
    ) -> Annotated["WorkflowRun", strawberry.lazy("tocsin.graphql.workflow_run_types")] | None:
        from tocsin.graphql.workflow_run_types import load_workflow_run  # workflow runs know runs, and the reverse

        if step_of(self.document["_id"]) is None:
            return None
        return await load_workflow_run(info, self.document["owner"], task_of(self.document["_id"]))

    @strawberry.field(description="The queue that it goes through.")
    def queue(self) -> str:
        return str(self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(description="Its priority, -10 to 10: among yours, a higher one goes first.")
    def priority(self) -> int:
        return int(self.document.get("priority") or 0)

    @strawberry.field(description="What an open run waits for; null if it waits for nothing.")
    def waiting_for(self, info: Info) -> WaitingFor | None:
        waiting = info.context.services.waiting(self.document)
        return None if waiting is None else waiting.what

    @strawberry.field(description="The same in a plain sentence.")
    def waiting_text(self, info: Info) -> str | None:
        waiting = info.context.services.waiting(self.document)
        return None if waiting is None else waiting.text

    @strawberry.field(description="The key of the workflow's step that it is done for; null of a task's run.")
    def step_key(self) -> str | None:
        return step_of(self.document["_id"])

    @strawberry.field(description="Whether it failed for good, was not discarded, and was not done again since.")
    def dead_letter(self) -> bool:
        return is_dead_letter(self.document)

    @strawberry.field(description="The times that a person had it done again, the latest last: at most 50.")
    def replays(self) -> list[Annotated["RunReplay", strawberry.lazy("tocsin.graphql.dead_letter_types")]]:
        from tocsin.graphql.dead_letter_types import run_replay_type  # replays know runs, and runs know replays

        return [run_replay_type(self.document["owner"], entry) for entry in self.document.get("replays") or ()]

    @strawberry.field(description="Its attempts, the first one first: at most 100.")
    def attempts(self) -> list[Attempt]:
        run_id = self.document["_id"]
        claimed = self.document["attempts"]
        waits = self.document["status"] == RunStatus.RUNNING.value and self.status is RunStatus.QUEUED
        return [_attempt(run_id, document) for document in (claimed[:-1] if waits else claimed)]


def run_type(run: Doc) -> Run:
    """A stored run as it is shown."""
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
        missed_count=None if missed_count is None else min(missed_count, _LARGEST_INT),
        task_name=run["task_name"],
        task_version=run["task_version"],
        trigger=Trigger(run["trigger"]),
        status=shown_status(run),
        reason=reason,
        reason_text=reason and reason_text(reason, run),
        due_at=run["due_at"],
        created_at=run["created_at"],
        next_attempt_at=run.get("retry_at") if run["status"] == RunStatus.RETRY.value else None,
        error=run_error(run.get("error")),
        **{name: run.get(name) for name in same},
    )


async def load_run(info: Info, owner: str, run_id: str) -> Run | None:
    """The owner's run of this id."""
    run = await info.context.services.loaders.run(owner, run_id)
    return None if run is None else run_type(run)


def _attempt(run_id: str, attempt: Doc) -> Attempt:
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
        error=run_error(attempt.get("error")),
    )


def run_error(error: Doc | None) -> RunError | None:
    """A stored error as it is shown."""
    if not error:
        return None
    return RunError(kind=ErrorKind(error["kind"]), message=error["message"], hint=error["hint"])


def _headers(pairs: list[Any]) -> list[Header]:
    return [Header(name=name, value=value) for name, value in pairs]
