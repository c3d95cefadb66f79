"""Tasks, as they are shown."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents import Doc, Overlap, TaskStatus
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info
from tocsin.graphql.job_types import Job, job_type
from tocsin.graphql.node import Node
from tocsin.graphql.paging import PageArguments
from tocsin.graphql.reasons import lateness_text
from tocsin.graphql.retry_types import RetryPolicy, retry_type
from tocsin.graphql.run_lists import RunConnection, RunFilter, RunOrder, list_runs
from tocsin.graphql.run_types import Run, load_run
from tocsin.graphql.schedule_types import Misfire, Schedule, misfire_type, schedule_type
from tocsin.graphql.words import After, Before, First, Last
from tocsin.tasks import retry as retries
from tocsin.tasks.lanes import DEFAULT_QUEUE
from tocsin.tasks.retry_defaults import RetryDefaults, interval_ms


@strawberry.type(description="What you saved: a job, a schedule, a retry policy.")
class Task(Node):
    document: strawberry.Private[Doc]
    name: str = strawberry.field(description="The name you gave it.")
    tags: list[str] = strawberry.field(description="The tags you gave it.")
    overlap: Overlap = strawberry.field(
        description="What happens to a due time while the run before is still going on."
    )
    status: TaskStatus = strawberry.field(description="What the task is doing, seen from its scheduled runs.")
    version: int = strawberry.field(description="Counts your edits, beginning with 1. Pass it as `expectedVersion`.")
    next_run_at: datetime | None = strawberry.field(description="The next due time; null when nothing lies ahead.")
    consecutive_failures: int = strawberry.field(
        description="Scheduled runs that failed for good since the last one that succeeded."
    )
    created_at: datetime = strawberry.field(description="When the task was saved first.")
    updated_at: datetime = strawberry.field(description="When you last changed it.")

    @strawberry.field(description="The work that the task does.")
    def job(self) -> Job:
        return job_type(self.document["job"])

    @strawberry.field(description="When the task is due.")
    def schedule(self) -> Schedule:
        return schedule_type(schedules.from_document(self.document["schedule"]))

    @strawberry.field(description="What happens to due times that passed while nobody could run them.")
    def misfire(self) -> Misfire:
        return misfire_type(schedules.Misfire.from_document(self.document["misfire"]))

    @strawberry.field(
        description=(
            "How failed runs are tried again, in effect: the task's own policy, and the server's default for what it "
            "leaves open. Unless the operator chose waits, these fit the schedule: together at most half its interval."
        )
    )
    def retry(self, info: Info) -> RetryPolicy:
        stored, interval = self.document["retry"], interval_ms(self.document["schedule"], clock.now())
        own = None if stored is None else retries.from_document(stored)
        defaults = RetryDefaults.of(info.context.services.settings)
        return retry_type(defaults.complete(own, None if interval is None else interval * MILLISECOND))

    @strawberry.field(description="How long one attempt may take: the task's own limit, else the server's default.")
    def timeout(self, info: Info) -> timedelta:
        own: float | None = self.document["timeout"]
        default = info.context.services.settings.timeout_of(self.document["job"]["kind"])
        return timedelta(seconds=default if own is None else own)

    @strawberry.field(
        description="Why it is late, in a plain sentence; null unless a due time has passed and has no run yet."
    )
    def waiting_text(self) -> str | None:
        return lateness_text(self.next_run_at, clock.now())

    @strawberry.field(description="The queue that its runs go through.")
    def queue(self) -> str:
        return str(self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(description="The priority of its runs, -10 to 10: among yours, a higher one goes first.")
    def priority(self) -> int:
        return int(self.document.get("priority") or 0)

    @strawberry.field(description="Its latest scheduled run; null before the first one.")
    async def last_run(self, info: Info) -> Run | None:
        run_id = self.document["last_run"]
        return None if run_id is None else await load_run(info, self.document["owner"], run_id)

    @strawberry.field(
        description="Its history: scheduled runs and those made by hand. Default order: the latest due time first."
    )
    async def runs(
        self,
        info: Info,
        filter: Annotated[
            RunFilter | None, strawberry.argument(description="Only these runs. `taskId` has no effect here.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            RunOrder | None, strawberry.argument(description="The order of the runs.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> RunConnection:
        user, page = await access.user(info), PageArguments.of(first, after, last, before)
        return await list_runs(
            info.context.services, user, filter or None, order_by or None, page, self.document["_id"]
        )


def task_type(task: Doc) -> Task:
    """A stored task as it is shown."""
    same = ("name", "tags", "version", "next_run_at", "consecutive_failures", "created_at", "updated_at")
    return Task(
        id=strawberry.ID(ids.encode("Task", task["_id"])),
        document=task,
        overlap=Overlap(task["overlap"]),
        status=TaskStatus(task["status"]),
        **{name: task[name] for name in same},
    )


async def load_task(info: Info, owner: str, task_id: str) -> Task | None:
    """The owner's task of this id."""
    task = await info.context.services.loaders.task(owner, task_id)
    return None if task is None else task_type(task)
