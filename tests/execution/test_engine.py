"""The stop of a process: it waits for attempts, and returns everything else to the queue."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.execution.helpers import called, outcomes
from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tocsin import clock
from tocsin.documents import AttemptOutcome, Database
from tocsin.tasks import lifecycle
from tocsin.tasks.retry_policy import RetryPolicy


async def stopped(database: Database, target: TargetServer, grace: float, count: int = 1, **more: Any) -> list[Any]:
    """Return the runs of `count` tasks whose worker was stopped during the first attempt."""
    async with run_stack(database, max_concurrency=1, shutdown_grace=grace) as stack:
        for _ in range(count):
            await save_task(database, f"{target.url}/wait", **more)
        await wait_until(lambda: called(target, 1))
        await wait_until(lambda: _held(stack, count))
        if grace:
            asyncio.get_running_loop().call_later(0.1, target.release.set)
    return await database.runs.find({}).sort("attempts.0.outcome", -1).to_list()


async def _held(stack: Stack, count: int) -> bool:
    return len(stack.engine.in_flight.runs) == count


async def test_a_stop_waits_for_running_attempts(database: Database, target: TargetServer) -> None:
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
        await wait_until(lambda: called(target, 1))
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


SHARED: dict[str, Any] = {"mongodb_uri": "mongodb://x", "jwt_secret": "x" * 40, "encryption_key": "A" * 43 + "="}


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, 2_500), ({**SHARED, "max_concurrency": 20}, 2), ({**SHARED, "max_concurrency": 1}, 0), ({"prefetch": 0}, 0)],
)
async def test_the_prefetch_is_small_where_others_could_start_the_runs(
    database: Database, given: dict[str, Any], expected: int
) -> None:
    async with run_stack(database, **given) as stack:
        assert stack.engine.limiter.limits.prefetch == expected
