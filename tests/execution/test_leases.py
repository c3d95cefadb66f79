"""Dead, stopped and restarted workers: their runs are requeued; nothing is lost or silently done twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, run_stack, save_task, serve_target, wait_until
from tests.tasks.helpers import add_run, ended_attempt, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.dispatch.claims import claim_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import AttemptOutcome, Database, Overlap, RunStatus
from tocsin.execution.leases import WorkerLease
from tocsin.execution.rescuer import Rescuer, recover_at_start
from tocsin.execution.throughput import Throughput
from tocsin.tasks import lifecycle
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.wakeups import Wakeups

S = RunStatus
LEASE = timedelta(seconds=15)


def leases(database: Database, worker: str = "reaper") -> WorkerLease:
    in_flight = InFlightRuns(worker, 10, RunLimiter())
    return WorkerLease(database, in_flight, LEASE, Throughput(), Rescuer(database, in_flight, Wakeups()))


async def dead_worker(database: Database, worker: str = "w") -> None:
    await database.workers.insert_one({"_id": worker, "until": clock.now() - clock.MILLISECOND})


def outcomes(run: Any) -> list[str | None]:
    return [attempt.get("outcome") for attempt in run["attempts"]]


async def test_a_dead_workers_runs_go_back_and_the_lost_attempt_does_not_count(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    await dead_worker(database)
    await leases(database).reconcile_claims()
    run = await load_run(database, run_id)
    assert (run["status"], run["worker"], run["lost"], outcomes(run)) == ("QUEUED", None, 1, ["LOST"])
    assert run["queued_at"] is not None
    assert run["rank"] == clock.epoch_milliseconds(run["queued_at"])
    assert (error := run["attempts"][0]["error"]) is not None
    assert error["kind"] == "LOST"
    assert (await load_task(database, task.id))["active"] == [{"run": run_id, "shows": "PENDING"}]
    assert [worker["_id"] async for worker in database.workers.find({})] == ["reaper"]


async def test_a_living_workers_runs_stay_where_they_are(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    await database.workers.insert_one({"_id": "w", "until": clock.now() + LEASE})
    before = await load_run(database, run_id)
    await leases(database).reconcile_claims()
    assert await load_run(database, run_id) == before


async def test_runs_of_a_worker_that_nobody_knows_go_back_too(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    await leases(database).reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "QUEUED"


async def test_after_an_outage_the_reaper_waits_one_lease(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    await dead_worker(database)
    waiting = leases(database)
    waiting._disturbed_at = clock.now()
    await waiting.reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "RUNNING"


@pytest.mark.parametrize(("lost", "end"), [(3, "QUEUED"), (4, "FAILED")])
async def test_five_losses_in_a_row_fail_a_run(database: Database, lost: int, end: str) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING, lost=lost)
    await dead_worker(database)
    await leases(database).reconcile_claims()
    run, stored = await load_run(database, run_id), await load_task(database, task.id)
    assert (run["status"], run["lost"]) == (end, lost + 1)
    assert run["reason"] == ("LOST_TOO_OFTEN" if end == "FAILED" else None)
    assert stored["consecutive_failures"] == (end == "FAILED")
    assert await database.deliveries.count_documents({}) == (end == "FAILED")


async def test_a_run_waiting_for_one_that_was_lost_too_often_is_let_go(database: Database) -> None:
    task = await save_hourly_task(database, overlap=Overlap.QUEUE)
    first = await add_run(database, task.id, S.RUNNING, lost=4)
    second = await add_run(database, task.id, S.QUEUED, ago=timedelta(0), blocked=True, after=first, rank=None)
    await dead_worker(database)
    await leases(database).reconcile_claims()
    assert (await load_run(database, second))["blocked"] is False


@pytest.mark.parametrize(
    ("verb", "reason"),
    [(lifecycle.pause_task, "TASK_PAUSED"), (lifecycle.cancel_task, "CANCEL_REQUESTED"), (None, "CANCEL_REQUESTED")],
)
async def test_a_lost_run_that_was_paused_or_cancelled_is_not_made_again(
    database: Database, verb: Any, reason: str
) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    if verb is None:
        await task_runs.cancel_run(database, "alice", run_id, clock.now())
    else:
        await verb(database, "alice", task.id, clock.now())
    await dead_worker(database)
    await leases(database).reconcile_claims()
    run = await load_run(database, run_id)
    assert (run["status"], run["reason"], outcomes(run)) == ("CANCELLED", reason, ["LOST"])
    assert (await load_task(database, task.id))["active"] == []


async def test_runs_of_this_worker_that_it_does_not_know_are_requeued(database: Database) -> None:
    task = await save_hourly_task(database)
    stray = await add_run(database, task.id, S.RUNNING, worker="reaper")
    young = await add_run(database, task.id, S.RUNNING, ago=timedelta(hours=2), worker="reaper")
    long_ago = {"attempts.0.started_at": clock.now() - 2 * LEASE}
    await database.runs.update_one({"_id": stray}, {"$set": long_ago})
    await leases(database).reconcile_claims()
    assert [(await load_run(database, run))["status"] for run in (stray, young)] == ["QUEUED", "RUNNING"]


async def test_what_a_crash_left_between_run_and_task_is_mended(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.RUNNING)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"last_run": run_id}})
    await database.runs.update_one(
        {"_id": run_id}, {"$set": {"status": "FAILED", "open": False, "finished_at": clock.now()}}
    )
    await recover_at_start(database)
    stored = await load_task(database, task.id)
    assert (stored["active"], stored["consecutive_failures"], stored["last_end"]) == ([], 1, "FAILED")
    await recover_at_start(database)
    assert (await load_task(database, task.id))["consecutive_failures"] == 1
    assert await database.deliveries.count_documents({}) == 1


async def test_a_process_that_is_alone_takes_everything_back_at_its_start(database: Database) -> None:
    async with serve_target() as target:
        task = await save_task(database, target.url, schedules.Once(clock.now() + timedelta(hours=1)))
        run_id = await add_run(database, task.id, S.RUNNING)
        await database.workers.insert_one({"_id": "w", "until": clock.now() + timedelta(hours=1)})
        async with run_stack(database) as stack:
            (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
        assert run["_id"] == run_id
        assert outcomes(run) == ["LOST", "COMPLETED"]


# --- fencing --------------------------------------------------------------------------------------------------------


async def test_of_two_workers_that_claim_at_once_each_run_has_one(database: Database) -> None:
    task = await save_hourly_task(database)
    for minutes in range(20):
        await add_run(database, task.id, S.QUEUED, ago=timedelta(minutes=minutes))
    claimants = [InFlightRuns(name, 50, RunLimiter()) for name in "ab"]
    found = await database.runs.find(READY_RUNS).to_list()
    got = await asyncio.gather(*(claim_runs(database, in_flight, found, clock.now()) for in_flight in claimants))
    ids = [run["_id"] for runs in got for run in runs]
    assert sorted(ids) == sorted(run["_id"] for run in found)
    for in_flight, runs in zip(claimants, got, strict=True):
        for run in runs:
            stored = await load_run(database, run["_id"])
            assert (stored["worker"], stored["fence"], len(stored["attempts"])) == (in_flight.worker_id, 1, 1)


async def test_a_late_result_is_refused_by_the_fence(stack: Stack, target: TargetServer) -> None:
    task = await save_task(stack.database, f"{target.url}/wait")
    (run,) = await stack.wait_for_runs(task.id, "RUNNING")
    await wait_until(lambda: _called(target, 1))
    now = clock.now()
    stolen = {
        "fence": 2,
        "worker": "other",
        "attempts": [ended_attempt(1, AttemptOutcome.LOST), {"number": 2, "started_at": now, "worker": "other"}],
    }
    await stack.database.runs.update_one({"_id": run["_id"]}, {"$set": stolen})
    await stack.database.workers.insert_one({"_id": "other", "until": now + timedelta(hours=1)})
    target.release.set()
    await wait_until(lambda: _empty(stack))
    late = await stack.run(run["_id"])
    assert (late["status"], late["worker"], outcomes(late)) == ("RUNNING", "other", ["LOST", None])
    assert (await stack.task(task.id))["status"] == "RUNNING"


async def _called(target: TargetServer, times: int) -> bool:
    return len(target.calls) >= times


async def _empty(stack: Stack) -> bool:
    return not stack.engine.in_flight.runs


# --- a graceful stop ------------------------------------------------------------------------------------------------


async def stopped(database: Database, target: TargetServer, grace: float, count: int = 1, **more: Any) -> list[Any]:
    """Return the runs of `count` tasks whose worker was stopped during the first attempt."""
    async with run_stack(database, max_concurrency=1, shutdown_grace=grace) as stack:
        for _ in range(count):
            await save_task(database, f"{target.url}/wait", **more)
        await wait_until(lambda: _called(target, 1))
        await wait_until(lambda: _held(stack, count))
        if grace:
            asyncio.get_running_loop().call_later(0.1, target.release.set)
    return await database.runs.find({}).sort("attempts.0.outcome", -1).to_list()


async def _held(stack: Stack, count: int) -> bool:
    return len(stack.engine.in_flight.runs) == count


async def test_a_stop_waits_for_what_runs(database: Database, target: TargetServer) -> None:
    (run,) = await stopped(database, target, grace=5)
    assert (run["status"], outcomes(run)) == ("COMPLETED", ["COMPLETED"])


async def test_a_stop_requeues_the_rest_and_waiting_runs_lose_no_attempt(
    database: Database, target: TargetServer
) -> None:
    begun, *unbegun = await stopped(database, target, grace=0, count=3)
    assert (begun["status"], begun["lost"], outcomes(begun)) == ("QUEUED", 0, ["LOST"])
    for run in unbegun:
        assert (run["status"], run["attempts"], run["started_at"]) == ("QUEUED", [], None)
    assert all(run["rank"] == clock.epoch_milliseconds(run["queued_at"]) for run in (begun, *unbegun))
    assert await database.workers.count_documents({}) == 0
    target.release.set()
    async with run_stack(database, shutdown_grace=0) as stack:
        for run in (begun, *unbegun):
            await stack.wait_for_runs(run["task"], "COMPLETED")


@pytest.mark.parametrize(
    ("verb", "reason"), [(lifecycle.pause_task, "TASK_PAUSED"), (lifecycle.cancel_task, "CANCEL_REQUESTED")]
)
async def test_a_stop_right_after_a_hold_leaves_nothing_that_would_run(
    database: Database, target: TargetServer, verb: Any, reason: str
) -> None:
    async with run_stack(database, max_concurrency=1, shutdown_grace=0) as stack:
        tasks = [
            await save_task(database, f"{target.url}/wait", retry=RetryPolicy(3, (timedelta(0),))) for _ in range(3)
        ]
        await wait_until(lambda: _called(target, 1))
        await wait_until(lambda: _held(stack, 3))
        await stack.fanout.stop()  # so that the cancellation is not noticed in time
        await stack.scheduler.stop()
        for task in tasks:
            await verb(database, "alice", task.id, clock.now())
    runs = await database.runs.find({}).to_list()
    assert {run["status"] for run in runs} == {"CANCELLED"}
    assert AttemptOutcome.COMPLETED.value not in [outcome for run in runs for outcome in outcomes(run)]
    assert {run["reason"] for run in runs} <= {reason, "TASK_CANCELLED"}
    assert await database.tasks.count_documents({"active.0": {"$exists": True}}) == 0
