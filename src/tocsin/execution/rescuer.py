"""The rescue of runs whose worker is gone: their attempts are closed as LOST, and the runs are requeued or ended."""

from datetime import datetime

from pymongo import UpdateOne

from tocsin import clock, telemetry
from tocsin.dispatch.claims import apply_stored_effects, is_same_claim
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.retry_decision import RunDecision, decide_after_loss
from tocsin.documents import (
    AttemptDocument,
    AttemptOutcome,
    Database,
    ErrorDocument,
    ErrorKind,
    Filter,
    RunChanges,
    RunDocument,
    RunStatus,
    WorkerDocument,
)
from tocsin.documents.updates import all_of, move_run
from tocsin.documents.workers import is_alive
from tocsin.execution.callback_settlement import find_callback
from tocsin.execution.completion import callback_received
from tocsin.tasks import reconciliation, run_effects
from tocsin.tasks.deferred_writes import restore_deferred_runs
from tocsin.tasks.ranking import former_place
from tocsin.wakeups import Wakeups

RESCUE_BATCH = 500
_DIED = "The worker that made this attempt stopped before its outcome was recorded."
log = telemetry.get_logger(__name__)


class Rescuer:
    """Rescues the runs of dead workers, and those claimed for this worker that it does not know."""

    def __init__(self, database: Database, in_flight: InFlightRuns, wakeups: Wakeups) -> None:
        self._database, self._in_flight, self._wakeups = database, in_flight, wakeups

    async def rescue_strays(self, fences: dict[str, int]) -> None:
        """Rescue runs that were claimed for this worker by a write whose acknowledgement was lost."""
        if fences:
            found = await self._database.runs.find({"_id": {"$in": list(fences)}}).to_list()
            runs = [
                run for run in found if run["fence"] == fences[run["_id"]] and run["_id"] not in self._in_flight.runs
            ]
            await rescue_runs(self._database, runs, clock.now(), _DIED)
            await reconciliation.align_stale_runs(self._database, runs, clock.now())

    async def rescue_dead_workers(self, now: datetime) -> None:
        """Rescue the runs of workers whose lease has expired, and of those that have none."""
        known = {worker["_id"]: worker async for worker in self._database.workers.find({})}
        for worker in await self._find_dead_workers(known, now):
            log.warning("a worker died, its runs are requeued", worker=worker)
            await rescue_all(self._database, runs_claimed_by(worker), now)
            await run_effects.repair_tasks(self._database)
            if worker in known:  # unless it has renewed its lease meanwhile
                await self._database.workers.delete_one({"_id": worker, "until": known[worker]["until"]})
            self._database.changes.changes_lost()  # it may have died before it sent its last ones
            self._wakeups.runs_queued()

    async def _find_dead_workers(self, known: dict[str, WorkerDocument], now: datetime) -> set[str]:
        """Return the workers whose lease has expired, and those with claimed runs but no lease."""
        running = {"status": RunStatus.RUNNING, "worker": {"$gt": ""}}
        holders = {run.get("worker") async for run in self._database.runs.find(running, {"worker": 1})}
        ended = {name for name, worker in known.items() if not is_alive(worker, now)}
        unknown = {name for name in holders if name is not None and name not in known}
        return (ended | unknown) - {self._in_flight.worker_id}


def runs_claimed_by(worker: str) -> Filter:
    """Return a filter for the runs that a worker has claimed and not settled."""
    return {"status": RunStatus.RUNNING, "worker": {"$in": [worker]}}


async def rescue_all(
    database: Database, found_by: Filter, now: datetime, message: str = _DIED, *, counts: bool = True
) -> int:
    """Close the attempts of all matching runs as LOST and requeue the runs. Return their number."""
    count = 0
    while runs := await database.runs.find(found_by).limit(RESCUE_BATCH).to_list():
        await rescue_runs(database, runs, now, message, counts=counts)
        await reconciliation.align_stale_runs(database, runs, now)
        count += len(runs)
    return count


async def recover_at_start(database: Database) -> None:
    """Rescue all running runs at the start of a process with an embedded database: no other process can hold them."""
    now = clock.now()
    await restore_deferred_runs(database)
    lost = await rescue_all(database, {"status": RunStatus.RUNNING, "worker": {"$gt": ""}}, now)
    await database.workers.delete_many({})
    edited = await reconciliation.reconcile_tasks(database, now)
    repaired = await run_effects.repair_tasks(database)
    if lost or edited or repaired:
        log.info("recovered", runs_rescued=lost, tasks_reconciled=edited, summaries_checked=repaired)


async def rescue_runs(
    database: Database, runs: list[RunDocument], now: datetime, message: str, *, counts: bool = True
) -> None:
    """Close the attempts of dead workers as LOST, and requeue their runs or end them.

    With `counts`, the loss counts towards the maximum of lost attempts in a row that fails a run.
    """
    if runs:
        await database.runs.bulk_write([_lost_update(run, now, message, counts) for run in runs], ordered=False)
        await apply_stored_effects(database, runs)


def _lost_update(run: RunDocument, now: datetime, message: str, counts: bool) -> UpdateOne:
    if find_callback(run) is not None:  # the work was done, or has failed: the callback decides
        called: RunChanges = {"worker": None, "callback_by": now}
        return move_run(run["_id"], [RunStatus.RUNNING], RunStatus.WAITING, called, where=is_same_claim(run))
    error: ErrorDocument = {"kind": ErrorKind.LOST, "message": message, "hint": None}
    last: AttemptDocument = {
        **run["attempts"][-1], "finished_at": now, "outcome": AttemptOutcome.LOST, "error": error
    }  # fmt: skip
    decision = decide_after_loss(run if counts else run | {"lost": -1})
    changes: RunChanges = {
        "attempts": [*run["attempts"][:-1], last],
        "worker": None,
        "lost": run["lost"] + counts,
        "error": error,
        **_next_state(run, decision, now),
    }
    uncalled = all_of(is_same_claim(run), {"$not": [callback_received(last["number"])]})
    return move_run(run["_id"], [RunStatus.RUNNING], decision.status, changes, where=uncalled)


def _next_state(run: RunDocument, decision: RunDecision, now: datetime) -> RunChanges:
    if decision.status is RunStatus.QUEUED:
        return former_place(run)
    return {"finished_at": now, "reason": decision.reason}
