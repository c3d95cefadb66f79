"""A task that pauses itself while the engine runs it, over real HTTP."""

from datetime import timedelta

from tests.harness import Stack, TargetServer, save_task, wait_until
from tocsin import clock, schedules
from tocsin.tasks import lifecycle
from tocsin.tasks.retry_policy import RetryPolicy


async def test_a_task_pauses_itself_runs_no_more_and_is_resumed(stack: Stack, target: TargetServer) -> None:
    target.script = [500, 500, 500]
    every = schedules.Every(timedelta(seconds=1), clock.now())
    task = await save_task(stack.database, target.url, every, retry=RetryPolicy(0), pause_after=2)
    stack.scheduler.expect_due(task.next_run_at)
    paused = await stack.wait_for_task(task.id, "PAUSED")
    assert (paused["next_run_at"], paused["consecutive_failures"]) == (None, 2)
    assert [run["status"] for run in await stack.runs(task.id)] == ["FAILED", "FAILED"]

    async def notified() -> bool:
        return await stack.database.notifications.count_documents({"kind": "TASK_PAUSED"}) == 1

    await wait_until(notified)
    resumed = await lifecycle.resume_task(stack.database, "alice", task.id, clock.now())
    stack.scheduler.expect_due(resumed.next_run_at)

    async def works_again() -> bool:
        return [run["status"] for run in await stack.runs(task.id)][2:4] == ["FAILED", "COMPLETED"]

    await wait_until(works_again)
    assert (await stack.task(task.id))["hold"] is None
