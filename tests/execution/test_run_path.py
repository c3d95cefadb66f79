"""A saved task becomes a run, is attempted, retried, and remembered."""

from datetime import timedelta

from tests.execution.helpers import mails
from tests.harness import Stack, TargetServer, save_task
from tocsin import clock, schedules
from tocsin.documents import Overlap
from tocsin.tasks.retry_policy import RetryPolicy


async def test_a_task_that_is_due_now_runs_and_is_remembered(stack: Stack, target: TargetServer) -> None:
    task = await save_task(stack.database, f"{target.url}/hello")
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    attempt = run["attempts"][0]
    assert (attempt["number"], attempt["outcome"], attempt["status_code"]) == (1, "COMPLETED", 200)
    assert task.schedule["kind"] == "once"
    assert run["due_at"] == task.schedule["at"]  # it may have been fired before this read
    assert not run["open"]
    body = await stack.database.response_bodies.find_one({"_id": f"{run['_id']}#1"})
    assert body == {"_id": f"{run['_id']}#1", "text": "answer 1"}
    done = await stack.wait_for_task(task.id, "COMPLETED")
    assert done["active"] == []
    assert done["last_run"] == run["_id"]
    assert done["next_run_at"] is None
    headers = target.calls[0]["headers"]
    assert headers["Idempotency-Key"] == run["_id"]
    assert headers["X-Tocsin-Attempt"] == "1"


async def test_a_failing_run_is_retried_at_its_offsets_and_then_fails(stack: Stack, target: TargetServer) -> None:
    target.script = [500, 503, 404]
    policy = RetryPolicy(2, (timedelta(milliseconds=30), timedelta(milliseconds=60)))
    task = await save_task(stack.database, target.url, retry=policy)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "FAILED")
    assert [attempt["status_code"] for attempt in run["attempts"]] == [500, 503, 404]
    assert run["reason"] == "RETRIES_USED_UP"
    for before, after, offset in zip(run["attempts"], run["attempts"][1:], policy.offsets, strict=False):
        assert after["started_at"] - before["finished_at"] >= offset
    failed = await stack.wait_for_task(task.id, "FAILED")
    assert failed["consecutive_failures"] == 1
    await stack.incident_keeper.keep_due()
    kinds = await mails(stack.database)  # of the first failure only if that is seen before the last one
    assert kinds in (["FAILED_FOR_GOOD"], ["BEGAN_FAILING", "FAILED_FOR_GOOD"])


async def test_a_run_that_recovers_is_completed(stack: Stack, target: TargetServer) -> None:
    target.script = [500]
    task = await save_task(stack.database, target.url)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    assert [attempt["outcome"] for attempt in run["attempts"]] == ["FAILED", "COMPLETED"]
    assert (await stack.wait_for_task(task.id, "COMPLETED"))["incident"] == 1


async def test_an_interval_runs_each_time_and_stays_pending(stack: Stack, target: TargetServer) -> None:
    start = clock.now() + timedelta(seconds=1)
    schedule = schedules.Every(timedelta(seconds=1), start, start + timedelta(seconds=2))
    task = await save_task(stack.database, target.url, schedule, overlap=Overlap.ALLOW)
    stack.scheduler.expect_due(start)
    runs = await stack.wait_for_runs(task.id, "COMPLETED", "COMPLETED", "COMPLETED")
    assert [run["due_at"] - start for run in runs] == [timedelta(seconds=second) for second in range(3)]
    assert (await stack.wait_for_task(task.id, "COMPLETED"))["incident"] == 3
