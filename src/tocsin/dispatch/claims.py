"""Claims: the fenced moves between QUEUED and RUNNING."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from tocsin import clock
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.documents import Database, Filter, RunChanges, RunDocument, RunStatus
from tocsin.documents.updates import Expression, all_of, has_value, is_null, move_run
from tocsin.tasks import run_effects
from tocsin.tasks.deferred_writes import write_deferred
from tocsin.tasks.failure_pauses import complete_pauses
from tocsin.tasks.ranking import former_place

CLAIMED_NOT_STARTED: Filter = {"status": RunStatus.RUNNING, "worker": {"$gt": ""}, "begun": False}
"""A filter for claimed runs whose attempt has not started."""


async def count_queued(database: Database, most: int | None = None) -> int:
    """Count the runs of all processes that wait for a worker, queued or prefetched.

    `most` limits each of the two counts.
    """
    limit: dict[str, Any] = {} if most is None else {"limit": most}
    ready = await database.runs.count_documents(READY_RUNS, **limit)
    return ready + await database.runs.count_documents(CLAIMED_NOT_STARTED, **limit)


def claimed_for(worker_id: str, run: RunDocument, now: datetime, *, begun: bool) -> RunDocument:
    """Return a run as it is once it is claimed for a worker, with its next attempt.

    `begun` means that the attempt starts at once. Otherwise its start is stored later.
    """
    return {
        **run,
        "status": RunStatus.RUNNING,
        "rank": None,
        "ready_at": None,
        "worker": worker_id,
        "fence": run["fence"] + 1,
        "begun": begun,
        "started_at": run.get("started_at") or (now if begun else None),
        "attempts": [
            *run["attempts"],
            {"number": len(run["attempts"]) + 1, "started_at": now, "worker": worker_id},
        ],
    }


async def claim_runs(
    database: Database, in_flight: InFlightRuns, runs: list[RunDocument], now: datetime
) -> list[RunDocument]:
    """Claim queued runs for this worker. Return the claimed ones, as stored."""
    worker_id, token = in_flight.worker_id, str(ObjectId())
    claimed = [claimed_for(worker_id, run, now, begun=in_flight.limiter.is_ready(run)) for run in runs]
    for run in claimed:
        run["claim"] = token
    result = await database.runs.bulk_write(
        [_claim_update(run, after) for run, after in zip(runs, claimed, strict=True)], ordered=False
    )
    if result.modified_count < len(runs):
        ids = [run["_id"] for run in runs]
        found = {run["_id"]: run.get("claim") async for run in database.runs.find({"_id": {"$in": ids}}, {"claim": 1})}
        claimed = [run for run in claimed if found.get(run["_id"]) == token]
    database.changes.runs_moved([run for run in claimed if run["begun"]])
    updates = run_effects.task_updates(claimed)
    if updates:
        await database.tasks.bulk_write(updates, ordered=False)
        database.changes.tasks_derived(run_effects.scheduled_tasks(claimed))
    return claimed


def _claim_update(run: RunDocument, after: RunDocument) -> UpdateOne:
    changed: RunChanges = {
        "rank": after["rank"],
        "ready_at": after["ready_at"],
        "worker": after["worker"],
        "fence": after["fence"],
        "claim": after["claim"],
        "begun": after["begun"],
        "started_at": after["started_at"],
        "attempts": after["attempts"],
    }
    unchanged = all_of(has_value("fence", run["fence"]), has_value("task_version", run["task_version"]))
    return move_run(run["_id"], [RunStatus.QUEUED], RunStatus.RUNNING, changed, where=unchanged)


async def release_runs(database: Database, runs: list[RunDocument]) -> None:
    """Return claimed runs to the queue and remove their attempts, which never started.

    Runs whose task was paused, or that were cancelled, after the claim are cancelled, as if they had stayed queued.
    """
    deferred = database.deferred
    await write_deferred(database, [each for run in runs if (each := deferred.get(run["_id"]))])
    updates = []
    for run in runs:
        changes: RunChanges = {**unclaimed_fields(run), **former_place(run)}
        unasked = all_of(is_same_claim(run), is_null("final"))
        updates.append(move_run(run["_id"], [RunStatus.RUNNING], RunStatus.QUEUED, changes, where=unasked))
    if updates:
        result = await database.runs.bulk_write(updates, ordered=False)
        if result.modified_count < len(runs):
            await database.runs.bulk_write([_cancel_update(run, clock.now()) for run in runs], ordered=False)
        await apply_stored_effects(database, runs)


def unclaimed_fields(run: RunDocument) -> RunChanges:
    """Return the changes that take back a claim whose attempt never started."""
    fields: RunChanges = {"attempts": run["attempts"][:-1], "worker": None}
    if run["started_at"] == run["attempts"][-1]["started_at"]:
        fields["started_at"] = None
    return fields


def _cancel_update(run: RunDocument, now: datetime) -> UpdateOne:
    """Build the update that cancels a claimed run because of a pause or a cancellation."""
    changes: RunChanges = {**unclaimed_fields(run), "finished_at": now}
    asked = all_of(is_same_claim(run), {"$not": [is_null("final")]})
    reason = {"reason": {"$ifNull": ["$final.reason", None]}}
    return move_run(run["_id"], [RunStatus.RUNNING], RunStatus.CANCELLED, changes, computed=reason, where=asked)


def is_same_claim(run: RunDocument) -> Expression:
    """Return the condition that a run is still claimed as given: by the same worker, with the same fence."""
    return all_of(has_value("fence", run["fence"]), has_value("worker", run["worker"]))


async def apply_stored_effects(database: Database, runs: list[RunDocument]) -> None:
    """Apply the effects of the runs' current states, including those that others have changed since."""
    stored = await database.runs.find({"_id": {"$in": [run["_id"] for run in runs]}}).to_list()
    database.changes.runs_moved(stored)
    await run_effects.apply_effects(database, stored)
    await complete_pauses(database, stored)
