"""The documents of new and of requeued runs."""

from typing import get_type_hints

from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import (
    NEW_RETRY_BUDGET,
    SETTLED_STATUSES,
    Database,
    JobSnapshot,
    Run,
    RunDocument,
    RunStatus,
    Trigger,
    new_round,
    new_run,
    snapshot_changes,
)
from tocsin.documents.updates import move_run
from tocsin.tasks.ranking import queued_fields
from tocsin.tasks.reconciliation import job_snapshot


async def new_sample(database: Database) -> RunDocument:
    task = await save_hourly_task(database)
    stored = await database.tasks.find_one({"_id": task.id})
    assert stored is not None
    now = clock.now()
    return new_run(
        f"{task.id}:1", owner="alice", parent=task.id, name=task.name, version=task.version, trigger=Trigger.MANUAL,
        due_at=now, now=now, queued=queued_fields(now, 0), snapshot=job_snapshot(stored, now),
    )  # fmt: skip


async def test_a_new_run_has_all_required_fields_and_can_be_read_as_a_model(database: Database) -> None:
    run = await new_sample(database)
    assert run.keys() == RunDocument.__required_keys__
    assert get_type_hints(RunDocument).keys() - {"_id"} == Run.model_fields.keys() - {"id", "revision_id"}
    await database.runs.insert_one(run)
    stored = await Run.get(run["_id"])
    assert stored is not None
    assert (stored.status, stored.open, stored.attempts, stored.result) == (RunStatus.QUEUED, True, [], None)


async def test_a_requeued_run_keeps_its_attempts_and_nothing_else_of_the_last_round(database: Database) -> None:
    run, later = await new_sample(database), clock.now() + clock.MILLISECOND
    ended = {
        **run, "status": RunStatus.FAILED, "open": False, "reason": "RETRIES_USED_UP", "rank": None, "lost": 2,
        "attempts": [{"number": 1}, {"number": 2}], "error": {"kind": "LOST"}, "finished_at": later,
        "retry_at": later, "cancel_requested_at": later, "final": {"status": "FAILED"}, "discarded_at": later,
    }  # fmt: skip
    await database.db["runs"].insert_one(ended)
    fields = queued_fields(later, 0)
    update = move_run(
        run["_id"], SETTLED_STATUSES - {RunStatus.COMPLETED}, RunStatus.QUEUED, {**new_round(1, fields)},
        computed=NEW_RETRY_BUDGET,
    )  # fmt: skip
    await database.runs.bulk_write([update])
    again = await database.runs.find_one({"_id": run["_id"]})
    assert again is not None
    changed = {name: value for name, value in again.items() if value is not None and value != run.get(name)}
    assert changed == {"attempts": ended["attempts"], "budget_from": 2, "round": 1, **fields}


async def test_a_snapshot_is_given_to_another_run_as_a_whole(database: Database) -> None:
    run = await new_sample(database)
    changes = snapshot_changes(run)
    assert changes.keys() == JobSnapshot.__required_keys__
    assert changes.items() <= run.items()
