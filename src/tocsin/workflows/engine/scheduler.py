"""Scheduled workflows: creates exactly one workflow run for each due time, serving owners in turn."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tocsin import clock, schedules, telemetry
from tocsin.clock import epoch_milliseconds
from tocsin.documents import (
    Database,
    Trigger,
    User,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowRunReason,
    WorkflowRunStatus,
    last_due_of,
    to_global_id,
)
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.errors import InvalidInput
from tocsin.fair_queue import FairQueue
from tocsin.quotas.meter import UsageMeter
from tocsin.workflows.engine.new_runs import NewWorkflowRun, insert_workflow_run, new_workflow_run
from tocsin.workflows.language.inputs import parse_inputs
from tocsin.workflows.versions import VersionCache

SLICE_SIZE = 50
MAX_SLICE_TIME = timedelta(milliseconds=250)
"""Number of workflows, and time, after which one slice ends and what is due is read again."""
MAX_OPEN_RUNS = 100
"""Default maximum of open runs of one workflow. Due times beyond it are SKIPPED."""
log = telemetry.get_logger(__name__)


_Build = Callable[[NewWorkflowRun], WorkflowRunDocument]
"""Builds a run of a workflow, of its newest version and with its default inputs."""


class WorkflowScheduler:
    """Creates the runs of due workflows."""

    def __init__(
        self,
        database: Database,
        versions: VersionCache,
        max_open_runs: int = MAX_OPEN_RUNS,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._versions = versions
        self._max_open_runs = max_open_runs
        self._meter = meter or UsageMeter()
        self._due: FairQueue[str] = FairQueue()

    @property
    def has_more(self) -> bool:
        """True if the last call of `fire_due` left due workflows."""
        return len(self._due) > 0

    async def fire_due(self, now: datetime) -> list[str]:
        """Create the runs of the next slice of workflows due at `now`, and advance their due times.

        Returns the ids of the open runs.
        """
        started: list[str] = []
        slice_started_at = clock.now()
        for workflow in await self._choose_due(now):
            if abs(clock.now() - slice_started_at) > MAX_SLICE_TIME:
                self._put_back(workflow)
                continue
            try:
                runs = await self._create_due_runs(workflow, now)
                self._due.charge(workflow["owner"], max(len(runs) - 1, 0))
                started += [run["_id"] for run in runs if run["open"]]
            except (InvalidInput, KeyError, ValueError) as error:
                log.error(
                    "a workflow cannot be run and is paused",
                    workflow_id=to_global_id("Workflow", workflow["_id"]),
                    error=str(error)[:300],
                )
                await self._set_next_due(workflow, None, workflow["next_run_at"])
        return started

    async def _choose_due(self, now: datetime) -> list[WorkflowDocument]:
        """Return the next slice of due workflows, taking owners in turn."""
        self._due.clear()
        which = {"next_run_at": {"$gt": clock.EPOCH, "$lte": now}}
        async for row in self._database.workflows.find(which, {"owner": 1, "next_run_at": 1}):
            self._put_back(row)
        chosen: list[str] = []
        while len(chosen) < SLICE_SIZE and (found := self._due.pop()) is not None:
            chosen.append(found[1])
        if not chosen:
            return []
        found_now = self._database.workflows.find({"_id": {"$in": chosen}})
        workflows: dict[str, WorkflowDocument] = {row["_id"]: row async for row in found_now}
        still_there = [workflows[workflow_id] for workflow_id in chosen if workflow_id in workflows]
        return [row for row in still_there if row["next_run_at"] is not None and row["next_run_at"] <= now]

    def _put_back(self, workflow: WorkflowDocument) -> None:
        self._due.add(workflow["owner"], workflow["_id"], workflow["next_run_at"], workflow["_id"])

    async def find_next_due(self, now: datetime, ahead: timedelta) -> datetime | None:
        """Return the first due time within `ahead` of `now`, or None."""
        window = {"next_run_at": {"$gt": now, "$lte": now + ahead}}
        found = await self._database.workflows.find(window, {"next_run_at": 1}).sort("next_run_at", 1).to_list(1)
        return found[0]["next_run_at"] if found else None

    async def _create_due_runs(self, workflow: WorkflowDocument, now: datetime) -> list[WorkflowRunDocument]:
        """Create the runs of one due workflow, and return them."""
        schedule, due = _parse_schedule(workflow), workflow["next_run_at"]
        user = await User.get(workflow["owner"])
        if user is None or not user.is_active:  # no runs until the user is active again
            await self._set_next_due(workflow, schedules.next_due(schedule, now), workflow["last_due_at"])
            return []
        version = await self._versions.get(workflow["_id"], workflow["version"])
        build = partial(new_workflow_run, workflow, version.definition, parse_inputs(version.definition, None), now=now)
        until = self._meter.consume_runs(workflow["owner"], 1, now)
        if until is not None and due is not None:
            await self._miss_until(workflow, build, due, until)
            return []
        runs: list[WorkflowRunDocument] = []
        while due is not None and due <= now:  # one pass, unless a crash or another process interfered
            existing = await self._find_existing(workflow, due, now) if runs else []
            if existing and existing[0]["due_at"] == due:
                runs.append(existing[0])
            else:
                runs += await self._create_runs(workflow, build, (due, now), existing)
            due = schedules.next_due(schedule, max(last_due_of(run) for run in runs))
        await self._set_next_due(workflow, due, max(last_due_of(run) for run in runs))
        return runs

    async def _miss_until(self, workflow: WorkflowDocument, build: _Build, due: datetime, until: datetime) -> None:
        """Record one MISSED run for the due times until the owner's quota is available again."""
        schedule = _parse_schedule(workflow)
        gap, _ = schedules.skip_due_times(schedule, due, until)
        run, _ = await self._insert(build(_describe_missed_run(workflow, gap, WorkflowRunReason.QUOTA)))
        last = last_due_of(run)
        await self._set_next_due(workflow, schedules.next_due(schedule, last), last)

    async def _create_runs(
        self,
        workflow: WorkflowDocument,
        build: _Build,
        bounds: tuple[datetime, datetime],
        existing: list[WorkflowRunDocument],
    ) -> list[WorkflowRunDocument]:
        """Create the runs of the due times within `bounds`, up to the first that exists. Plan the rest again.

        The scheduler does the same for tasks.
        """
        schedule = _parse_schedule(workflow)
        covered = [(run["due_at"], last_due_of(run)) for run in existing]
        plan = schedules.plan_due_times(schedule, *bounds, schedules.Misfire())
        dues, gaps = schedules.exclude_covered(schedule, plan, covered)
        planned: list[datetime | schedules.Gap] = [*gaps, *dues]
        stored: list[WorkflowRunDocument] = []
        for first in planned:
            run, is_new = await self._insert(build(await self._describe_run(workflow, first)))
            stored.append(run)
            if not is_new:
                break
        return stored

    async def _find_existing(
        self, workflow: WorkflowDocument, due: datetime, now: datetime
    ) -> list[WorkflowRunDocument]:
        """Return the existing runs of these due times. There are none, unless a clock was set back."""
        ids = {"$gte": _build_run_id(workflow, due), "$lte": _build_run_id(workflow, now)}
        return await self._database.workflow_runs.find({"_id": ids}).sort("_id", 1).to_list()

    async def _insert(self, run: WorkflowRunDocument) -> tuple[WorkflowRunDocument, bool]:
        """Insert a run. Returns the stored run and whether it is new: the first write wins."""
        if await insert_workflow_run(self._database, run):
            return run, True
        return await self._database.workflow_runs.find_one({"_id": run["_id"]}) or run, False

    async def _describe_run(self, workflow: WorkflowDocument, first: datetime | schedules.Gap) -> NewWorkflowRun:
        """Describe the run of a due time: SKIPPED on an overlap with policy SKIP, or if too many runs are open.

        The QUEUE policy is applied when a run starts.
        """
        if isinstance(first, schedules.Gap):
            return _describe_missed_run(workflow, first, WorkflowRunReason.MISFIRE)
        run_id = _build_run_id(workflow, first)
        limit = 1 if workflow["overlap"] == "SKIP" else self._max_open_runs
        which = {"workflow": workflow["_id"], "open": True}
        others = [run["_id"] async for run in self._database.workflow_runs.find(which, {"_id": 1}).limit(limit + 1)]
        if len(set(others) - {run_id}) < limit:
            return NewWorkflowRun(run_id, Trigger.SCHEDULE, first)
        reason = WorkflowRunReason.OVERLAP if workflow["overlap"] == "SKIP" else WorkflowRunReason.OVERLAP_LIMIT
        return NewWorkflowRun(run_id, Trigger.SCHEDULE, first, WorkflowRunStatus.SKIPPED, reason)

    async def _set_next_due(
        self, workflow: WorkflowDocument, next_due: datetime | None, last_due: datetime | None
    ) -> None:
        same = all_of(has_value("next_run_at", workflow["next_run_at"]), has_value("version", workflow["version"]))
        changes = {"next_run_at": next_due, "last_due_at": last_due}
        await self._database.workflows.update_one({"_id": workflow["_id"]}, [change_when(same, changes)])


def _parse_schedule(workflow: WorkflowDocument) -> schedules.Schedule:
    if workflow["schedule"] is None:
        raise InvalidInput("The workflow is due, but has no schedule.")
    return schedules.schedule_from_document(workflow["schedule"])


def _describe_missed_run(workflow: WorkflowDocument, gap: schedules.Gap, reason: WorkflowRunReason) -> NewWorkflowRun:
    run_id = _build_run_id(workflow, gap.first)
    return NewWorkflowRun(run_id, Trigger.SCHEDULE, gap.first, WorkflowRunStatus.MISSED, reason, gap)


def _build_run_id(workflow: WorkflowDocument, due_at: datetime) -> str:
    """Return the deterministic id of the run of a due time, so that it is created only once."""
    owner, _, rest = workflow["_id"].partition("/")
    return f"{owner}/w{rest}-{epoch_milliseconds(due_at)}"
