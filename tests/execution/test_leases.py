"""A worker's lease, and the comparison of its claims with those that are stored."""

from datetime import timedelta

from tests.execution.helpers import LEASE, add_dead_worker, worker_lease
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus


async def test_a_living_workers_runs_stay_where_they_are(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    await database.workers.insert_one({"_id": "w", "until": clock.now() + LEASE})
    before = await load_run(database, run_id)
    await worker_lease(database).reconcile_claims()
    assert await load_run(database, run_id) == before


async def test_after_an_outage_no_worker_counts_as_dead_for_one_lease(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    await add_dead_worker(database)
    waiting = worker_lease(database)
    waiting._disturbed_at = clock.now()
    await waiting.reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "RUNNING"


async def test_runs_of_this_worker_that_it_does_not_know_are_requeued(database: Database) -> None:
    task = await save_hourly_task(database)
    stray = await add_run(database, task.id, RunStatus.RUNNING, worker="rescuer")
    young = await add_run(database, task.id, RunStatus.RUNNING, ago=timedelta(hours=2), worker="rescuer")
    long_ago = {"attempts.0.started_at": clock.now() - 2 * LEASE}
    await database.runs.update_one({"_id": stray}, {"$set": long_ago})
    await worker_lease(database).reconcile_claims()
    assert [(await load_run(database, run))["status"] for run in (stray, young)] == ["QUEUED", "RUNNING"]
