"""Runs on request: run a task now, retry a run, cancel it. A manual run ignores pause, overlap and streak."""

from contextlib import suppress
from datetime import datetime

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from tocsin.documents import (
    NEW_RETRY_BUDGET,
    SETTLED_STATUSES,
    Database,
    Hold,
    ReplayEntryDocument,
    ReplaySettings,
    Run,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    TaskDocument,
    Trigger,
    new_round,
    new_run,
    record_stored_runs,
)
from tocsin.documents.updates import Expression, all_of, change_task, has_value, is_null, move_run, put_active_runs
from tocsin.errors import Conflict, NotFound
from tocsin.tasks import idempotency, run_effects
from tocsin.tasks.activity_log import log_run
from tocsin.tasks.failure_pauses import complete_pauses
from tocsin.tasks.ownership import find_run, find_task, require_run, require_task
from tocsin.tasks.ranking import queued_fields
from tocsin.tasks.reconciliation import current_settings, job_snapshot, stop_updates
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

MAX_REPLAY_ENTRIES = 50
"""Number of replay entries that a run keeps: the latest."""
MAX_ACTIVE_RUNS = 1000
"""Maximum number of open runs that a task lists. A replay may reopen more; they do not affect status and streak."""
RETRYABLE_STATUSES = (RunStatus.FAILED, RunStatus.MISSED, RunStatus.SKIPPED, RunStatus.CANCELLED)


def new_task_run(task: TaskDocument, run_id: str, due_at: datetime, trigger: Trigger, now: datetime) -> RunDocument:
    """Build a QUEUED run of a task, with a copy of all that a worker needs."""
    return new_run(
        run_id,
        owner=task["owner"],
        parent=task["_id"],
        name=task["name"],
        version=task["version"],
        trigger=trigger,
        due_at=due_at,
        now=now,
        queued=queued_fields(now, task.get("priority") or 0),
        snapshot=job_snapshot(task, now),
        incident=task["incident"] if trigger is Trigger.SCHEDULE else None,
    )


async def run_task_now(
    database: Database,
    owner: str,
    task_id: str,
    now: datetime,
    key: idempotency.IdempotentCall | None,
    trigger: Trigger = Trigger.MANUAL,
) -> Run:
    """Create a run of a task now, independent of its schedule."""
    task = await require_task(owner, task_id)

    async def insert(run_id: str) -> None:
        document = await _load_task(database, task.id)
        with suppress(DuplicateKeyError):  # created by an earlier try with the same idempotency key
            run = new_task_run(document, run_id, now, trigger, now)
            await database.runs.insert_one(run)
            database.changes.runs_created([run])
        log_run("run requested", run_id)
        if await find_task(owner, task.id) is None:  # deleted before the run was visible
            await database.runs.bulk_write(stop_updates([run_id], Hold.DELETED, now), ordered=True)
            await record_stored_runs(database, [run_id])

    new_run_id = f"{task_id}:by-hand-{ObjectId()}"
    run = await find_run(owner, await idempotency.create_once(database, key, new_run_id, now, insert))
    if run is None:
        raise idempotency.deleted_result("run")
    return run


async def _load_task(database: Database, task_id: str) -> TaskDocument:
    """Return the stored task. Raises NotFound if it was deleted meanwhile."""
    document: TaskDocument | None = await database.tasks.find_one({"_id": task_id})
    if document is None:
        raise NotFound("You have no task with this id.", "id")
    return document


async def retry_run(
    database: Database,
    owner: str,
    run_id: str,
    now: datetime,
    key: idempotency.IdempotentCall | None,
    settings: ReplaySettings = ReplaySettings.CURRENT,
) -> Run:
    """Retry a settled run with a new retry budget, and with the current settings of its task or its own."""
    run = await require_run(owner, run_id)
    record = await idempotency.claim_key(database, key, run_id, now, run.round)
    if record["done"] or record["round"] != run.round:
        return await require_run(owner, run_id)  # reread, because that retry has changed it
    if run.trigger is Trigger.WORKFLOW:
        raise Conflict("The run is a step of a workflow. Resume its workflow run instead.", "id")
    task = await find_task(owner, run.task)
    if task is None:
        raise Conflict("The task of this run was deleted, so the run cannot be retried.", "id")
    if run.status not in RETRYABLE_STATUSES:
        allowed = "Only a run that failed, was missed, skipped or cancelled can be retried"
        raise Conflict(f"{allowed}; this one is {run.status}.", "id")
    if len(run.attempts) >= MAX_ATTEMPTS:
        raise Conflict(f"The run has had {MAX_ATTEMPTS} attempts, which is the maximum. Run its task instead.", "id")
    update = new_round_update(run.id, run.round, await _load_task(database, task.id), now, settings)
    if (await database.runs.bulk_write([update])).modified_count:
        log_run("run retried", run.id)
        await record_stored_runs(database, [run.id])
        await show_reopened(database, [run.id])
    await idempotency.mark_done(database, record)
    return await require_run(owner, run_id)


def new_round_update(
    run_id: str, round_: int, task: TaskDocument, now: datetime, settings: ReplaySettings, replay: str | None = None
) -> UpdateOne:
    """Return the update that begins the next round of a settled run, unless it has left this round.

    With a replay (by ID), the run must also still be a dead letter.
    """
    changes: RunChanges = {
        **new_round(round_ + 1, queued_fields(now, task.get("priority") or 0)),
        "pinned": settings is ReplaySettings.ORIGINAL,
    }
    if settings is ReplaySettings.CURRENT:
        changes |= current_settings(task, now)
    entry: ReplayEntryDocument = {"replay": replay, "at": now, "round": round_ + 1}
    computed = {**NEW_RETRY_BUDGET, "replays": _append_entry(entry)}
    same_round = has_value("round", round_)
    if replay is None:
        return move_run(run_id, RETRYABLE_STATUSES, RunStatus.QUEUED, changes, computed=computed, where=same_round)
    where = all_of(same_round, is_null("discarded_at"), {"$ne": ["$reason", RunReason.INCONCLUSIVE]})
    return move_run(run_id, [RunStatus.FAILED], RunStatus.QUEUED, changes, computed=computed, where=where)


def _append_entry(entry: ReplayEntryDocument) -> Expression:
    before = {"$ifNull": ["$replays", []]}
    return {"$slice": [{"$concatArrays": [before, [{"$literal": entry}]]}, -MAX_REPLAY_ENTRIES]}


_HAS_ROOM: Expression = {"$lt": [{"$size": "$active"}, MAX_ACTIVE_RUNS]}


async def show_reopened(database: Database, run_ids: list[str]) -> None:
    """Show reopened scheduled runs in their tasks, and apply the effects of what has happened to them since."""
    listed = await list_as_active(database, run_ids)
    if not listed:
        return
    # A worker may have started or settled a run before the task listed it.
    runs = await database.runs.find({"_id": {"$in": listed}}).to_list()
    moved = [run for run in runs if run["status"] != RunStatus.QUEUED]
    await run_effects.apply_effects(database, moved)
    await complete_pauses(database, moved)


async def list_as_active(database: Database, run_ids: list[str]) -> list[str]:
    """List the scheduled ones of these runs as active in their tasks, and return them."""
    found = database.runs.find({"_id": {"$in": run_ids}}, {"task": 1, "trigger": 1})
    tasks: dict[str, list[str]] = {}
    async for run in found:
        if run["trigger"] == Trigger.SCHEDULE:
            tasks.setdefault(run["task"], []).append(run["_id"])
    if not tasks:
        return []
    updates = [
        change_task(task_id, _HAS_ROOM, {}, {"active": put_active_runs([(run_id, RunStatus.QUEUED) for run_id in ids])})
        for task_id, ids in tasks.items()
    ]
    await database.tasks.bulk_write(updates, ordered=False)
    database.changes.tasks_derived(tasks)
    return [run_id for ids in tasks.values() for run_id in ids]


async def cancel_run(database: Database, owner: str, run_id: str, now: datetime) -> Run:
    """Cancel a run. Its worker aborts a running attempt soon after this returns."""
    run = await require_run(owner, run_id)
    if run.status in SETTLED_STATUSES - {RunStatus.CANCELLED}:
        raise Conflict(f"The run has ended as {run.status}, so it cannot be cancelled.", "id")
    if run.status is not RunStatus.CANCELLED:
        updates = stop_updates([run_id], Hold.CANCELLED, now, RunReason.CANCEL_REQUESTED)
        await database.runs.bulk_write(updates, ordered=True)
        log_run("run cancel requested", run_id)
        await record_stored_runs(database, [run_id])
    document = await database.runs.find_one({"_id": run_id})
    if document is not None and document["status"] in SETTLED_STATUSES:
        await run_effects.apply_effects(database, [document])
        await complete_pauses(database, [document])
    return await require_run(owner, run_id)
