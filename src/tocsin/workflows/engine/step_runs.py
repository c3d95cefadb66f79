"""Creation and cancellation of the runs of steps."""

from datetime import datetime

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.dispatch.transport import Transport
from tocsin.documents import (
    NEW_RETRY_BUDGET,
    Database,
    Hold,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    Trigger,
    WorkflowRunDocument,
    new_round,
    new_run,
    owner_of,
    record_stored_runs,
    snapshot_changes,
)
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import move_run
from tocsin.quotas.meter import UsageMeter
from tocsin.tasks.ranking import queue_placement, queued_fields
from tocsin.tasks.reconciliation import SLICE_SIZE, stop_updates
from tocsin.tasks.runs import RETRYABLE_STATUSES
from tocsin.wakeups import Wakeups
from tocsin.workflows.engine.step_starts import StepRunRequest


class StepRuns:
    """Creates and cancels the runs of steps. Both may be repeated after a crash."""

    def __init__(self, database: Database, transport: Transport, wakeups: Wakeups, meter: UsageMeter) -> None:
        self._database = database
        self._transport = transport
        self._wakeups = wakeups
        self._meter = meter

    async def create(self, requests: list[StepRunRequest], workflow_run: WorkflowRunDocument) -> None:
        """Create the requested runs, count them, and execute those for which this process has capacity."""
        if not requests:
            return
        now = clock.now()
        runs = [_build_run(workflow_run, request, now) for request in requests]
        admitted = {run["_id"]: run for run in self._transport.admit_new(runs, now)}
        created = [admitted.get(run["_id"], run) for run in runs]
        claimed = {index: run for index, run in enumerate(created) if run["_id"] in admitted}
        try:
            existing = await self._insert(created)
            self._database.changes.runs_created(run for index, run in enumerate(created) if index not in existing)
            self._meter.add_runs(workflow_run["owner"], len(runs), now)
            self._meter.add_run_bytes(runs)
        except BaseException:  # the next lease renewal releases those that were written
            self._transport.cancel_admission(list(claimed.values()))
            raise
        self._transport.cancel_admission([claimed.pop(index) for index in existing & claimed.keys()])
        self._transport.submit(list(claimed.values()))
        if existing:  # those of this round were created by another advance and stay
            updates = [_new_round_update(runs[index]) for index in existing]
            await self._database.runs.bulk_write(updates, ordered=False)
            await record_stored_runs(self._database, [runs[index]["_id"] for index in existing])
        if existing or len(claimed) < len(created):
            self._transport.wake_dispatcher()

    async def cancel(self, run_ids: list[str]) -> None:
        """Cancel these runs, and abort those that are running."""
        for start in range(0, len(run_ids), SLICE_SIZE):
            some = run_ids[start : start + SLICE_SIZE]
            async with self._database.fair_slots.slot(owner_of(some[0])):
                updates = stop_updates(some, Hold.CANCELLED, clock.now(), RunReason.CANCEL_REQUESTED)
                await self._database.runs.bulk_write(updates, ordered=True)
                await record_stored_runs(self._database, some)
        for run_id in run_ids:
            self._wakeups.cancel_requested(run_id)

    async def _insert(self, runs: list[RunDocument]) -> set[int]:
        """Insert the runs. Returns the indexes of those that already existed."""
        try:
            await self._database.runs.insert_many(runs, ordered=False)
        except BulkWriteError as error:
            return set(existing_indexes(error))
        return set()


def _build_run(workflow_run: WorkflowRunDocument, request: StepRunRequest, now: datetime) -> RunDocument:
    """Build the QUEUED run of a step."""
    run_id, owner = request.ref.run_id(workflow_run["_id"]), workflow_run["owner"]
    return new_run(
        run_id,
        owner=owner,
        parent=workflow_run["_id"],
        name=f"{workflow_run['name']} / {run_id.partition(':')[2]}",
        version=workflow_run["version"],
        trigger=Trigger.WORKFLOW,
        due_at=now,
        now=now,
        queued=queued_fields(now, request.priority),
        snapshot={
            "job": request.job,
            "retry": request.retry,
            "timeout": request.timeout,
            "interval_ms": workflow_run.get("interval_ms"),
            **queue_placement(owner, request.job, None, request.priority),
        },
        round_=request.round,
    )


def _new_round_update(run: RunDocument) -> UpdateOne:
    """Return the update that begins the round of this run in the existing run, which is in an earlier one."""
    changes: RunChanges = {
        **new_round(run["round"], run),
        **snapshot_changes(run),
        "task_version": run["task_version"],
    }
    return move_run(
        run["_id"],
        RETRYABLE_STATUSES,
        RunStatus.QUEUED,
        changes,
        computed=NEW_RETRY_BUDGET,
        where={"$lt": ["$round", run["round"]]},
    )
