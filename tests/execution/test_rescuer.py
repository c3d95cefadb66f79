"""Runs of dead workers: requeued or ended, and none is lost or silently done twice."""

from datetime import timedelta
from typing import Any

import pytest

from tests.execution.helpers import add_dead_worker, outcomes, worker_lease
from tests.harness import run_stack, save_task, serve_target
from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus
from tocsin.execution.rescuer import recover_at_start
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.tasks import lifecycle
from tocsin.tasks import runs as task_runs


async def test_the_runs_of_a_dead_worker_are_requeued_and_the_lost_attempt_does_not_count(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    run = await load_run(database, run_id)
    assert (run["status"], run["worker"], run["lost"], outcomes(run)) == ("QUEUED", None, 1, ["LOST"])
    assert run["queued_at"] is not None
    assert run["rank"] == clock.epoch_milliseconds(run["queued_at"])
    assert (error := run["attempts"][0]["error"]) is not None
    assert error["kind"] == "LOST"
    assert (await load_task(database, task.id))["active"] == [{"run": run_id, "shows": "PENDING"}]
    assert [worker["_id"] async for worker in database.workers.find({})] == []


async def test_runs_of_an_unknown_worker_are_requeued(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    await worker_lease(database).reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "QUEUED"


@pytest.mark.parametrize(("lost", "end"), [(3, "QUEUED"), (4, "FAILED")])
async def test_five_losses_in_a_row_fail_a_run(database: Database, lost: int, end: str) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING, lost=lost)
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    run, stored = await load_run(database, run_id), await load_task(database, task.id)
    assert (run["status"], run["lost"]) == (end, lost + 1)
    assert run["reason"] == ("LOST_TOO_OFTEN" if end == "FAILED" else None)
    assert stored["consecutive_failures"] == (end == "FAILED")
    await IncidentKeeper(database, timedelta(0)).keep_due()
    assert await database.deliveries.count_documents({}) == (end == "FAILED")


async def test_a_run_waiting_for_one_that_was_lost_too_often_is_released(database: Database) -> None:
    task = await save_hourly_task(database, overlap=Overlap.QUEUE)
    first = await add_run(database, task.id, RunStatus.RUNNING, lost=4)
    second = await add_run(database, task.id, RunStatus.QUEUED, ago=timedelta(0), blocked=True, after=first, rank=None)
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    assert (await load_run(database, second))["blocked"] is False


@pytest.mark.parametrize(
    ("verb", "reason"),
    [(lifecycle.pause_task, "TASK_PAUSED"), (lifecycle.cancel_task, "CANCEL_REQUESTED"), (None, "CANCEL_REQUESTED")],
)
async def test_a_lost_run_that_was_paused_or_cancelled_is_not_made_again(
    database: Database, verb: Any, reason: str
) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    if verb is None:
        await task_runs.cancel_run(database, "alice", run_id, clock.now())
    else:
        await verb(database, "alice", task.id, clock.now())
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    run = await load_run(database, run_id)
    assert (run["status"], run["reason"], outcomes(run)) == ("CANCELLED", reason, ["LOST"])
    assert (await load_task(database, task.id))["active"] == []


async def test_a_task_that_a_crash_left_behind_its_run_is_repaired(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"last_run": run_id}})
    await database.runs.update_one(
        {"_id": run_id}, {"$set": {"status": "FAILED", "open": False, "finished_at": clock.now()}}
    )
    await recover_at_start(database)
    stored = await load_task(database, task.id)
    assert (stored["active"], stored["consecutive_failures"], stored["last_end"]) == ([], 1, "FAILED")
    await recover_at_start(database)
    assert (await load_task(database, task.id))["consecutive_failures"] == 1
    await IncidentKeeper(database, timedelta(0)).keep_due()
    assert await database.deliveries.count_documents({}) == 1


async def test_a_process_that_is_alone_rescues_all_runs_at_its_start(database: Database) -> None:
    async with serve_target() as target:
        task = await save_task(database, target.url, schedules.Once(clock.now() + timedelta(hours=1)))
        run_id = await add_run(database, task.id, RunStatus.RUNNING)
        await database.workers.insert_one({"_id": "w", "until": clock.now() + timedelta(hours=1)})
        async with run_stack(database) as stack:
            (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
        assert run["_id"] == run_id
        assert outcomes(run) == ["LOST", "COMPLETED"]
