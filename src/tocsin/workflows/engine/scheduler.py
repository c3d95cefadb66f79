"""Scheduled workflows: creates exactly one workflow run for each due time, serving owners in turn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tocsin import clock, schedules, telemetry
from tocsin.clock import epoch_milliseconds
from tocsin.documents import Database, Doc, Trigger, User, WorkflowRunReason, WorkflowRunStatus, to_global_id
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.errors import InvalidInput
from tocsin.fair_queue import FairQueue
from tocsin.quotas.meter import UsageMeter
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.inputs import parse_inputs
from tocsin.workflows.starting import NewWorkflowRun, insert_workflow_run, new_workflow_run
from tocsin.workflows.versions import VersionCache

SLICE = 50
MAX_SLICE_TIME = timedelta(milliseconds=250)
"""Number of workflows, and time, after which one slice ends and what is due is read again."""
MAX_OPEN_RUNS = 100
"""Default maximum of open runs of one workflow. Due times beyond it are SKIPPED."""
log = telemetry.get_logger(__name__)


class WorkflowScheduler:
    """Creates the runs of due workflows."""

    def __init__(
        self,
        database: Database,
        versions: VersionCache,
        most_open: int = MAX_OPEN_RUNS,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._versions = versions
        self._most_open = most_open
        self._meter = meter or UsageMeter()
        self._due: FairQueue[str] = FairQueue()

    @property
    def has_more(self) -> bool:
        """True if the last call of `fire` left due workflows."""
        return len(self._due) > 0

    async def fire_due(self, now: datetime) -> list[str]:
        """Create the runs of the next slice of workflows due at `now`, and advance their due times.

        Returns the ids of the open runs.
        """
        born: list[str] = []
        began_at = clock.now()
        for workflow in await self._choose(now):
            if abs(clock.now() - began_at) > MAX_SLICE_TIME:
                self._put_back(workflow)
                continue
            try:
                runs = await self._fire(workflow, now)
                self._due.charge(workflow["owner"], max(len(runs) - 1, 0))
                born += [run["_id"] for run in runs if run["open"]]
            except (InvalidInput, KeyError, ValueError) as error:
                log.error(
                    "a workflow cannot be run and is paused",
                    workflow_id=to_global_id("Workflow", workflow["_id"]),
                    error=str(error)[:300],
                )
                await self._advance(workflow, None, workflow["next_run_at"])
        return born

    async def _choose(self, now: datetime) -> list[Doc]:
        """Return the next slice of due workflows, taking owners in turn."""
        self._due.clear()
        which = {"next_run_at": {"$gt": clock.EPOCH, "$lte": now}}
        async for row in self._database.workflows.find(which, {"owner": 1, "next_run_at": 1}):
            self._put_back(row)
        chosen: list[str] = []
        while len(chosen) < SLICE and (found := self._due.pop()) is not None:
            chosen.append(found[1])
        workflows = {row["_id"]: row async for row in self._database.workflows.find({"_id": {"$in": chosen}})}
        found_due = [workflows[each] for each in chosen if each in workflows]
        return [each for each in found_due if each["next_run_at"] is not None and each["next_run_at"] <= now]

    def _put_back(self, workflow: Doc) -> None:
        self._due.add(workflow["owner"], workflow["_id"], workflow["next_run_at"], workflow["_id"])

    async def find_next_due(self, now: datetime, ahead: timedelta) -> datetime | None:
        """Return the first due time within `ahead` of `now`, or None."""
        window = {"next_run_at": {"$gt": now, "$lte": now + ahead}}
        found = await self._database.workflows.find(window, {"next_run_at": 1}).sort("next_run_at", 1).to_list(1)
        return found[0]["next_run_at"] if found else None

    async def _fire(self, workflow: Doc, now: datetime) -> list[Doc]:
        """Create the runs of one due workflow, and return them."""
        user = await User.get(workflow["owner"])
        if user is None or not user.is_active:
            following = schedules.next_due(schedules.schedule_from_document(workflow["schedule"]), now)
            await self._advance(workflow, following, workflow["last_due_at"])  # no runs until the user is active again
            return []
        version = await self._versions.get(workflow["_id"], workflow["version"])
        inputs = parse_inputs(version.definition, None)
        if (until := self._meter.consume_runs(workflow["owner"], 1, now)) is not None:
            await self._miss_until(workflow, version.definition, inputs, now, until)
            return []
        schedule = schedules.schedule_from_document(workflow["schedule"])
        runs: list[Doc] = []
        due: datetime | None = workflow["next_run_at"]
        while due is not None and due <= now:  # one pass, unless a crash or another process interfered
            known = await self._known(workflow, due, now) if runs else []
            if known and known[0]["due_at"] == due:
                runs.append(known[0])
            else:
                runs += await self._make(workflow, version.definition, inputs, (due, now), known)
            due = schedules.next_due(schedule, max(_last_due_of(run) for run in runs))
        await self._advance(workflow, due, max(_last_due_of(run) for run in runs))
        return runs

    async def _miss_until(
        self, workflow: Doc, definition: WorkflowDefinition, inputs: Mapping[str, Any], now: datetime, until: datetime
    ) -> None:
        """Record one MISSED run for the due times until the owner's quota is available again."""
        schedule = schedules.schedule_from_document(workflow["schedule"])
        gap, _ = schedules.skip_due_times(schedule, workflow["next_run_at"], until)
        missed = WorkflowRunStatus.MISSED, WorkflowRunReason.QUOTA
        born = NewWorkflowRun(_id(workflow, gap.first), Trigger.SCHEDULE, gap.first, *missed, gap=gap)
        run, _ = await self._write(new_workflow_run(workflow, definition, inputs, born, now))
        last = _last_due_of(run)
        await self._advance(workflow, schedules.next_due(schedule, last), last)

    async def _make(
        self,
        workflow: Doc,
        definition: WorkflowDefinition,
        inputs: Mapping[str, Any],
        bounds: tuple[datetime, datetime],
        known: list[Doc],
    ) -> list[Doc]:
        """Create the runs of the due times within `bounds`, up to the first that exists. Plan the rest again.

        The scheduler does the same for tasks.
        """
        schedule, stored = schedules.schedule_from_document(workflow["schedule"]), []
        plan = schedules.plan_due_times(schedule, *bounds, schedules.Misfire())
        dues, gaps = schedules.exclude_covered(schedule, plan, [(run["due_at"], _last_due_of(run)) for run in known])
        planned: list[datetime | schedules.Gap] = [*gaps, *dues]
        for first in planned:
            born = await self._born(workflow, first)
            run, is_new = await self._write(new_workflow_run(workflow, definition, inputs, born, bounds[1]))
            stored.append(run)
            if not is_new:
                break
        return stored

    async def _known(self, workflow: Doc, due: datetime, now: datetime) -> list[Doc]:
        """Return the existing runs of these due times. There are none, unless a clock was set back."""
        ids = {"$gte": _id(workflow, due), "$lte": _id(workflow, now)}
        return await self._database.workflow_runs.find({"_id": ids}).sort("_id", 1).to_list()

    async def _write(self, run: Doc) -> tuple[Doc, bool]:
        """Insert a run. Returns the stored run and whether it is new: the first write wins."""
        if await insert_workflow_run(self._database, run):
            return run, True
        return await self._database.workflow_runs.find_one({"_id": run["_id"]}) or run, False

    async def _born(self, workflow: Doc, first: datetime | schedules.Gap) -> NewWorkflowRun:
        """Describe the run of a due time: SKIPPED on an overlap with policy SKIP, or if too many runs are open.

        The QUEUE policy is applied when a run starts.
        """
        if isinstance(first, schedules.Gap):
            missed = WorkflowRunStatus.MISSED, WorkflowRunReason.MISFIRE
            return NewWorkflowRun(_id(workflow, first.first), Trigger.SCHEDULE, first.first, *missed, gap=first)
        run_id = _id(workflow, first)
        limit = 1 if workflow["overlap"] == "SKIP" else self._most_open
        which = {"workflow": workflow["_id"], "open": True}
        others = [run["_id"] async for run in self._database.workflow_runs.find(which, {"_id": 1}).limit(limit + 1)]
        if len(set(others) - {run_id}) < limit:
            return NewWorkflowRun(run_id, Trigger.SCHEDULE, first)
        reason = WorkflowRunReason.OVERLAP if workflow["overlap"] == "SKIP" else WorkflowRunReason.OVERLAP_LIMIT
        return NewWorkflowRun(run_id, Trigger.SCHEDULE, first, WorkflowRunStatus.SKIPPED, reason)

    async def _advance(self, workflow: Doc, next_due: datetime | None, last_due: datetime | None) -> None:
        same = all_of(has_value("next_run_at", workflow["next_run_at"]), has_value("version", workflow["version"]))
        changes = {"next_run_at": next_due, "last_due_at": last_due}
        await self._database.workflows.update_one({"_id": workflow["_id"]}, [change_when(same, changes)])


def _last_due_of(run: Doc) -> datetime:
    last: datetime = run.get("missed_until") or run["due_at"]
    return last


def _id(workflow: Doc, due_at: datetime) -> str:
    """Return the deterministic id of the run of a due time, so that it is created only once."""
    owner, _, rest = workflow["_id"].partition("/")
    return f"{owner}/w{rest}-{epoch_milliseconds(due_at)}"
