"""Start times of attempts, stored once the attempts of prefetched runs have started.

Runs are claimed ahead of the workers, so that workers never wait for the database. Such a run is shown as RUNNING, with
its start time, only once its attempt has started. Most attempts end before that is worth a write of its own: their
outcome contains the start time.
"""

from datetime import timedelta

from pymongo import UpdateOne

from tocsin import clock, telemetry
from tocsin.dispatch.claims import release_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.documents import (
    AttemptDocument,
    Database,
    DeferredRun,
    RunChanges,
    RunDocument,
    RunStatus,
    record_stored_runs,
)
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.tasks import run_effects
from tocsin.tasks.deferred_writes import delete_finished_records, write_deferred
from tocsin.wakeups import Wakeups

WRITE_INTERVAL_SECONDS = 0.1
"""Interval of writes. An attempt that ends within it is written once, with its outcome."""
log = telemetry.get_logger(__name__)


class StartRecorder:
    """A recorder of the starts of prefetched runs, which also returns those that wait too long to the queue."""

    def __init__(self, database: Database, in_flight: InFlightRuns, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups
        self._in_flight = in_flight
        self._started: list[ClaimedRun] = []
        self._late: list[RunDocument] = []

    def record_start(self, claimed: ClaimedRun) -> None:
        """Record that the attempt of a prefetched run has started."""
        self._started.append(claimed)

    def withdraw(self, claimed: ClaimedRun) -> None:
        """Return a run to the queue unless its attempt has started."""
        if self._in_flight.ready_queue.remove(claimed):
            self._late.append(claimed.run)

    async def withdraw_late(self) -> None:
        """Withdraw the runs that wait too long, to be returned to the queue by the next write."""
        self._late += self._in_flight.withdraw_late()

    async def write(self) -> None:
        """Store the starts of attempts and what was deferred long enough, and return withdrawn runs to the queue."""
        await write_deferred(
            self._database, [each for each in self._database.deferred.late() if self._is_under_way(each)]
        )
        await delete_finished_records(self._database)
        await self._write_started()
        if late := list(self._late):
            await release_runs(self._database, late)
            self._late = self._late[len(late) :]
            self._in_flight.remove(late)
            self._wakeups.runs_queued()

    async def _write_started(self) -> None:
        self._started = [claimed for claimed in self._started if claimed.attempt_task is not None]
        if not (started := [claimed for claimed in self._started if not self._may_end_soon(claimed)]):
            return
        deferred = self._database.deferred
        await write_deferred(self._database, [each for one in started if (each := deferred.get(one.run["_id"]))])
        runs = [build_started_run(claimed) for claimed in started]
        result = await self._database.runs.bulk_write([_start_update(run) for run in runs], ordered=False)
        going = [run for claimed, run in zip(started, runs, strict=True) if claimed.attempt_task is not None]
        if result.modified_count == len(runs):
            self._database.changes.runs_moved(going)
        else:
            await record_stored_runs(self._database, [run["_id"] for run in runs])
        if updates := run_effects.task_updates(going):
            await self._database.tasks.bulk_write(updates, ordered=False)
            self._database.changes.tasks_derived(run_effects.scheduled_tasks(going))
        written = set(map(id, started))
        self._started = [claimed for claimed in self._started if id(claimed) not in written]

    def _is_under_way(self, deferred: DeferredRun) -> bool:
        """Return whether a run has not ended: one that has is about to be written with its outcome."""
        claimed = self._in_flight.runs.get(deferred.run["_id"])
        return claimed is None or claimed.started_at is None or claimed.attempt_task is not None

    def _may_end_soon(self, claimed: ClaimedRun) -> bool:
        """Return whether a deferred run began just now, so that it may still be written once."""
        if claimed.started_at is None or self._database.deferred.get(claimed.run["_id"]) is None:
            return False
        return abs(clock.now() - claimed.started_at) < timedelta(seconds=WRITE_INTERVAL_SECONDS)


def build_started_run(claimed: ClaimedRun) -> RunDocument:
    """Return the run with the start time of its latest attempt."""
    run, began_at = claimed.run, claimed.started_at or clock.now()
    last: AttemptDocument = {**run["attempts"][-1], "started_at": began_at}
    return {
        **run,
        "begun": True,
        "started_at": run.get("started_at") or began_at,
        "attempts": [*run["attempts"][:-1], last],
    }


def _start_update(run: RunDocument) -> UpdateOne:
    unchanged = all_of(has_value("status", RunStatus.RUNNING), has_value("fence", run["fence"]))
    changes: RunChanges = {"begun": run["begun"], "started_at": run["started_at"], "attempts": run["attempts"]}
    return UpdateOne({"_id": run["_id"]}, [change_when(unchanged, changes)])
