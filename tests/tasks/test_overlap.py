"""Runs that wait for others of their task: they start one at a time, in whatever order runs end."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.harness import TargetServer, run_stack, save_task, wait_until
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus
from tocsin.tasks import lifecycle
from tocsin.tasks import overlap as overlap_module
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy

HOUR = timedelta(hours=1)
ALL = schedules.Misfire(schedules.MisfirePolicy.RUN_ALL)


async def missed(database: Database, target: TargetServer, overlap: Overlap, hours: int = 4) -> str:
    """Save a task whose last due times were missed."""
    start = clock.now() - hours * HOUR - timedelta(minutes=30)
    schedule = schedules.Every(HOUR, start)
    task = await save_task(
        database, f"{target.url}/wait", schedule, overlap=overlap, misfire=ALL, retry=RetryPolicy(0), timeout=30.0
    )
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": start + HOUR}})
    return task.id


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE])
async def test_a_catch_up_goes_one_by_one_and_skips_nothing(
    database: Database, target: TargetServer, overlap: Overlap
) -> None:
    task_id = await missed(database, target, overlap)
    async with run_stack(database) as stack:
        await stack.wait_for_runs(task_id, "RUNNING", "QUEUED", "QUEUED", "QUEUED")
        target.release.set()
        runs = await stack.wait_for_runs(task_id, "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED")
        for earlier, later in pairwise(runs):
            assert earlier["finished_at"] <= later["started_at"]


async def test_a_catch_up_goes_at_once_where_overlap_is_allowed(database: Database, target: TargetServer) -> None:
    task_id = await missed(database, target, Overlap.ALLOW)
    async with run_stack(database) as stack:
        await stack.wait_for_runs(task_id, "RUNNING", "RUNNING", "RUNNING", "RUNNING")
        target.release.set()
        await stack.wait_for_runs(task_id, "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED")


async def test_cancelling_one_that_waits_lets_nobody_overtake(database: Database, target: TargetServer) -> None:
    task_id = await missed(database, target, Overlap.QUEUE, hours=3)
    async with run_stack(database) as stack:
        first, second, third = await stack.wait_for_runs(task_id, "RUNNING", "QUEUED", "QUEUED")
        await task_runs.cancel_run(database, "alice", second["_id"], clock.now())
        assert (await stack.run(third["_id"]))["blocked"]
        assert (await stack.run(third["_id"]))["after"] == first["_id"]
        target.release.set()
        await stack.wait_for_runs(task_id, "COMPLETED", "CANCELLED", "COMPLETED")


async def test_the_end_of_one_of_many_changes_the_next_one_only(database: Database) -> None:
    """Each end of a run in a catch-up of a thousand used to rewrite all that were left."""
    task = await save_hourly_task(database)
    first, *others = [
        await add_run(database, task.id, RunStatus.QUEUED, ago=timedelta(days=20 - number)) for number in range(10)
    ]
    for before, run in pairwise([first, *others]):
        await database.runs.update_one({"_id": run}, {"$set": {"blocked": True, "after": before, "rank": None}})
    await database.runs.update_one({"_id": first}, {"$set": {"status": "COMPLETED", "open": False}})
    assert await overlap_module.release_waiting(database, [first]) == 1
    found = [await load_run(database, run) for run in others]
    assert [(run["blocked"], run["after"]) for run in found] == [(False, None), *((True, each) for each in others[:-1])]


async def test_a_pause_that_is_taken_back_leaves_the_running_attempt_its_retries(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database) as stack:
        target.script = [500]
        task = await save_task(database, f"{target.url}/wait")

        async def called() -> bool:
            return len(target.calls) == 1

        await wait_until(called)
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        await lifecycle.resume_task(database, "alice", task.id, clock.now())
        target.release.set()
        (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
        assert [attempt["outcome"] for attempt in run["attempts"]] == ["FAILED", "COMPLETED"]
