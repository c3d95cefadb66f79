"""Scheduled workflows: due times become workflow runs, each made once, each with an outcome."""

from datetime import datetime, timedelta

from tocsin import clock, schedules, telemetry
from tocsin.clock import epoch_milliseconds
from tocsin.documents import Database, Doc, Trigger, User, WorkflowRunReason, WorkflowRunStatus, global_id
from tocsin.documents.updates import both, change_when, equals
from tocsin.errors import InvalidInput
from tocsin.workflows.inputs import read_inputs
from tocsin.workflows.starting import Born, insert_once, new_workflow_run
from tocsin.workflows.versions import Versions

_MOST = 500
log = telemetry.logger(__name__)


class Firing:
    """Makes the runs of workflows that are due."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    async def fire(self, now: datetime) -> list[str]:
        """Make the runs of all workflows due at `now`, and move these on. Returns the open runs."""
        due = {"next_run_at": {"$gt": clock.EPOCH, "$lte": now}}
        born: list[str] = []
        async for workflow in self._database.workflows.find(due).sort("next_run_at", 1).limit(_MOST):
            try:
                born += await self._fire(workflow, now)
            except (InvalidInput, KeyError, ValueError) as error:
                log.error(
                    "a workflow cannot be run and is paused",
                    workflow_id=global_id("Workflow", workflow["_id"]),
                    error=str(error)[:300],
                )
                await self._advance(workflow, None, workflow["next_run_at"])
        return born

    async def soonest(self, now: datetime, ahead: timedelta) -> datetime | None:
        """The first due time within this time."""
        window = {"next_run_at": {"$gt": now, "$lte": now + ahead}}
        found = await self._database.workflows.find(window, {"next_run_at": 1}).sort("next_run_at", 1).to_list(1)
        return found[0]["next_run_at"] if found else None

    async def _fire(self, workflow: Doc, now: datetime) -> list[str]:
        user = await User.get(workflow["owner"])
        if user is None or not user.is_active:
            following = schedules.next_due(schedules.from_document(workflow["schedule"]), now)
            await self._advance(workflow, following, workflow["last_due_at"])  # unrun, until he is active again
            return []
        version = await self._versions.get(workflow["_id"], workflow["version"])
        inputs = read_inputs(version.definition, None)
        schedule = schedules.from_document(workflow["schedule"])
        plan = schedules.plan_due(schedule, workflow["next_run_at"], now, schedules.Misfire())
        runs = []
        if plan.missed is not None:
            missed = Born(
                _id(workflow, plan.missed.first), Trigger.SCHEDULE, plan.missed.first, WorkflowRunStatus.MISSED,
                WorkflowRunReason.MISFIRE,
            )  # fmt: skip
            document = new_workflow_run(workflow, version.definition, inputs, missed, now)
            runs.append(document | {"missed_until": plan.missed.until, "missed_count": plan.missed.count})
        for due_at in plan.runs:
            born = await self._born(workflow, due_at)
            runs.append(new_workflow_run(workflow, version.definition, inputs, born, now))
        for run in runs:
            await insert_once(self._database, run)
        last = max([run["due_at"] for run in runs] + ([plan.missed.until] if plan.missed else []))
        await self._advance(workflow, plan.next_due, last)
        return [run["_id"] for run in runs if run["open"]]

    async def _born(self, workflow: Doc, due_at: datetime) -> Born:
        """SKIPPED while the run before goes on, if the workflow wants that. QUEUE is seen to when a run begins."""
        run_id = _id(workflow, due_at)
        if workflow["overlap"] == "SKIP":
            before = await self._database.workflow_runs.find_one(
                {"workflow": workflow["_id"], "open": True}, {"_id": 1}
            )
            if before is not None and before["_id"] != run_id:
                skipped = WorkflowRunStatus.SKIPPED, WorkflowRunReason.OVERLAP
                return Born(run_id, Trigger.SCHEDULE, due_at, *skipped)
        return Born(run_id, Trigger.SCHEDULE, due_at)

    async def _advance(self, workflow: Doc, next_due: datetime | None, last_due: datetime | None) -> None:
        same = both(equals("next_run_at", workflow["next_run_at"]), equals("version", workflow["version"]))
        changes = {"next_run_at": next_due, "last_due_at": last_due}
        await self._database.workflows.update_one({"_id": workflow["_id"]}, [change_when(same, changes)])


def _id(workflow: Doc, due_at: datetime) -> str:
    """The same whoever derives it, so that each due time is made once."""
    owner, _, rest = workflow["_id"].partition("/")
    return f"{owner}/w{rest}-{epoch_milliseconds(due_at)}"
