"""The output type of tasks."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, cast

import strawberry

from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents import Hold, Overlap, PauseReason, RunDocument, TaskDocument, TaskStatus
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.incidents.types import Incident, load_open_incident
from tocsin.graphql.jobs.types import Job, to_job
from tocsin.graphql.node import RUN, TASK, Node, converter_to, load_node
from tocsin.graphql.notifications.preference_types import NotificationRuleType, to_rule
from tocsin.graphql.public_links.types import PublicLink, to_public_link
from tocsin.graphql.queues.loading import ASSIGNED_QUEUE, load_queue
from tocsin.graphql.queues.types import Queue
from tocsin.graphql.runs.lists import RunFilter, RunOrder, list_runs
from tocsin.graphql.runs.progress import Progress, to_run_progress
from tocsin.graphql.runs.reasons import explain_lateness
from tocsin.graphql.runs.statistics_types import RunOutcome, to_outcome
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks.retry import RetryPolicy, to_retry_policy
from tocsin.graphql.tasks.schedule import Misfire, Schedule, require_preview_count, to_misfire, to_schedule
from tocsin.statistics.tally import find_end
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.ranking import DEFAULT_QUEUE
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.setting_checks import DEFAULT_ALERT_AFTER


@strawberry.type(description="A task: a job that is performed by a schedule, with a retry policy.")
class Task(Node):
    document: strawberry.Private[TaskDocument]
    name: str = strawberry.field(description="Name of the task.")
    description: str = strawberry.field(description="Free text; empty if not set.")
    unique_name: bool = strawberry.field(
        description="Whether no other task of yours with a unique name can have its name, ignoring case."
    )
    tags: list[str] = strawberry.field(description="Tags of the task, for `TaskFilter.tags`.")
    overlap: Overlap = strawberry.field(description="Handling of a due time at which the previous run has not ended.")
    status: TaskStatus = strawberry.field(description="Status of the task, derived from its scheduled runs.")
    version: int = strawberry.field(
        description="Version of the task, from 1; each edit increases it. For `expectedVersion` of `updateTask`."
    )
    next_run_at: datetime | None = strawberry.field(description="Next due time; null if there is none.")
    consecutive_failures: int = strawberry.field(
        description="Number of consecutive scheduled runs that failed, since the last one that succeeded."
    )
    created_at: datetime = strawberry.field(description="Time at which the task was created.")
    updated_at: datetime = strawberry.field(description="Time of your last edit, or at which the task paused itself.")

    @strawberry.field(description="Job that the task performs.")
    def job(self) -> Job:
        return to_job(self.document["job"])

    @strawberry.field(description="Due times of the task.")
    def schedule(self) -> Schedule:
        return to_schedule(schedules.schedule_from_document(self.document["schedule"]))

    @strawberry.field(description="Handling of due times that passed while no server could run them.")
    def misfire(self) -> Misfire:
        return to_misfire(schedules.Misfire.from_document(self.document["misfire"]))

    @strawberry.field(
        description=(
            "Retry policy in effect: the policy of the task, completed with the defaults of the server. Unless the "
            "operator configured them, the default waits add up to at most half the interval of the schedule."
        )
    )
    def retry(self, info: Info) -> RetryPolicy:
        stored = self.document["retry"]
        interval = schedules.shortest_interval_ms(self.document["schedule"], clock.now())
        own = None if stored is None else retries.RetryPolicy.from_document(stored)
        defaults = RetryDefaults.from_settings(info.context.services.settings)
        policy = defaults.complete_policy(own, None if interval is None else interval * MILLISECOND)
        return to_retry_policy(policy, is_default=own is None)

    @strawberry.field(description="Timeout of one attempt: that of the task, else the default of the server.")
    def timeout(self, info: Info) -> timedelta:
        own: float | None = self.document["timeout"]
        default = info.context.services.settings.default_timeout(self.document["job"]["kind"])
        return timedelta(seconds=default if own is None else own)

    @strawberry.field(description="True if the task sets no timeout, so that the default of the server applies.")
    def timeout_is_default(self) -> bool:
        return self.document["timeout"] is None

    @strawberry.field(
        description="Explanation of its delay for people; null unless a due time has passed that has no run yet."
    )
    def waiting_text(self) -> str | None:
        return explain_lateness(self.next_run_at, clock.now())

    @strawberry.field(description="Name of the queue for its runs.")
    def queue(self) -> str:
        return str(self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(description=ASSIGNED_QUEUE)
    async def assigned_queue(self, info: Info) -> Queue | None:
        return await load_queue(info, self.document.get("queue") or DEFAULT_QUEUE)

    @strawberry.field(
        description="Priority of its runs, -10 to 10. Among your queued runs, those with a higher priority start first."
    )
    def priority(self) -> int:
        return int(self.document.get("priority") or 0)

    @strawberry.field(description="Number of scheduled runs in a row that fail before you are told.")
    def alert_after(self) -> int:
        return int(self.document.get("alert_after") or DEFAULT_ALERT_AFTER)

    @strawberry.field(description="Whether you are told of scheduled runs that were missed or skipped.")
    def alert_on_missed(self) -> bool:
        return bool(self.document.get("alert_on_missed"))

    @strawberry.field(
        description="Number of failed runs in a row after which the task pauses itself; null if it never does."
    )
    def pause_after(self) -> int | None:
        return self.document.get("pause_after")

    @strawberry.field(description="Reason for which the task is paused; null unless its status is PAUSED.")
    def pause_reason(self) -> PauseReason | None:
        if self.document["hold"] != Hold.PAUSED:
            return None
        return PauseReason(self.document.get("pause_reason") or PauseReason.REQUESTED)

    @strawberry.field(
        description="What you are told about it where that differs from your preferences; null if it does not."
    )
    async def notification_rule(self, info: Info) -> NotificationRuleType | None:
        loaders = info.context.services.loaders
        rule = await loaders.load_rule(self.document["_id"])
        return None if rule is None else to_rule(rule)

    @strawberry.field(description="Latest scheduled run; null before the first one.")
    async def last_run(self, info: Info) -> Run | None:
        run_id = self.document["last_run"]
        return None if run_id is None else await load_node(info, RUN, self.document["owner"], run_id)

    @strawberry.field(description="Next due times by its schedule, from `nextRunAt` on; empty if there is none.")
    async def next_due_times(
        self,
        count: Annotated[
            int,
            strawberry.argument(
                description="Maximum number of due times to return, 1 to 100. They span little more than a century."
            ),
        ] = 5,
    ) -> list[datetime]:
        require_preview_count(count)
        if self.next_run_at is None:
            return []
        schedule = schedules.schedule_from_document(self.document["schedule"])
        return await asyncio.to_thread(schedules.preview_due_times, schedule, self.next_run_at - MILLISECOND, count)

    @strawberry.field(
        description=(
            "Outcomes of its latest runs, at most 50, the latest due time last; of a task due once only that of "
            "its last run."
        )
    )
    async def recent_outcomes(self, info: Info) -> list[RunOutcome]:
        if self.document["schedule"]["kind"] != "once":
            return [
                to_outcome(each) for each in await info.context.services.loaders.load_outcomes(self.document["_id"])
            ]
        return await self._load_only_outcome(info)

    async def _load_only_outcome(self, info: Info) -> list[RunOutcome]:
        run_id, owner = self.document["last_run"], self.document["owner"]
        run = None if run_id is None else await info.context.services.loaders.load("Run", owner, run_id)
        end = None if run is None else find_end(cast("RunDocument", run))
        return [] if end is None else [to_outcome(end.to_outcome())]

    @strawberry.field(
        description=(
            "How far its scheduled run in progress is, as the job tells it; null otherwise. Of several runs, that of "
            "the latest."
        )
    )
    async def progress(self, info: Info) -> Progress | None:
        running = [active["run"] for active in self.document["active"] if active["shows"] == TaskStatus.RUNNING]
        run = await load_node(info, RUN, self.document["owner"], running[-1]) if running else None
        return None if run is None else to_run_progress(run.document)

    @strawberry.field(description="Open incident that it belongs to; null if there is none.")
    async def incident(self, info: Info) -> Incident | None:
        return await load_open_incident(info, self.document["_id"])

    @strawberry.field(
        description="Links by which people without an account see its status or start it, oldest first; at most 10."
    )
    async def public_links(self, info: Info) -> list[PublicLink]:
        found = await info.context.services.loaders.load_public_links(self.document["_id"])
        return list(map(to_public_link, found))

    @strawberry.field(
        description="List the scheduled and manual runs of the task, by default latest due time first.",
        extensions=[PagedField()],
    )
    async def runs(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            RunFilter | None,
            strawberry.argument(description="Return only the runs that match. `taskId` has no effect here."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            RunOrder | None,
            strawberry.argument(description="Sort order of the runs. Default: by `DUE_AT`, descending."),
        ] = strawberry.UNSET,
    ) -> Connection[Run]:
        user = await access.require_user(info)
        return await list_runs(info, user, filter, order_by, page, self.document["_id"])


@converter_to(TASK)
def to_task(task: TaskDocument) -> Task:
    """Convert a stored task."""
    return Task(
        id=strawberry.ID(ids.encode_id("Task", task["_id"])),
        document=task,
        overlap=Overlap(task["overlap"]),
        status=TaskStatus(task["status"]),
        name=task["name"],
        description=task.get("description") or "",
        unique_name=bool(task.get("unique_name")),
        tags=task["tags"],
        version=task["version"],
        next_run_at=task["next_run_at"],
        consecutive_failures=task["consecutive_failures"],
        created_at=task["created_at"],
        updated_at=task["updated_at"],
    )
