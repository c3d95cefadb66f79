"""Incidents of real runs: what the owner does to a task or workflow ends them at once."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import TargetServer, run_stack, save_task, wait_until
from tests.workflows.samples import step, workflow
from tocsin import clock, schedules
from tocsin.documents import Database, Task, User
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.workflows import saving as workflow_saving

DAY = timedelta(days=1)
SOON = {"every": {"interval": "PT1S"}}


@pytest.fixture
async def alice(database: Database) -> User:
    return await User(id="alice", email="alice@example.org", password="-", created_at=clock.now()).insert()


async def incident_that(database: Database, **fields: Any) -> Any:
    """Wait until there is an incident with these fields, and return it."""
    return await wait_until(lambda: database.incidents.find_one(fields))


async def kinds(database: Database) -> list[str]:
    return [each["kind"] async for each in database.notifications.find({}).sort("stored_at", 1)]


async def save_daily(database: Database, url: str) -> Task:
    """Save a task that is due now and every day, and is not retried."""
    daily = schedules.Every(DAY, clock.now() + DAY)
    task = await save_task(database, url, daily, retry=RetryPolicy(0, ()))
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": clock.now()}})
    return task


@pytest.mark.parametrize("action", ["pause", "cancel", "delete"])
async def test_a_hold_ends_the_incident_of_a_task(database: Database, target: TargetServer, action: str) -> None:
    target.script = [404]
    async with run_stack(database) as stack:
        task = await save_daily(database, target.url)
        stack.wakeups.task_due(clock.now())
        await incident_that(database, untold=None, told=["FAILED"])
        hold: Any = getattr(lifecycle, f"{action}_task")
        await hold(database, "alice", task.id, clock.now())
        await incident_that(database, open=False, pending=False)
        assert await kinds(database) == ["FAILED_FOR_GOOD", "INCIDENT_CLOSED"]


async def test_a_run_that_is_retried_by_hand_ends_the_incident(database: Database, target: TargetServer) -> None:
    target.script = [404, 404]
    async with run_stack(database) as stack:
        task = await save_daily(database, target.url)
        stack.wakeups.task_due(clock.now())
        await incident_that(database, untold=None, told=["FAILED"])
        (run,) = await stack.wait_for_runs(task.id, "FAILED")
        for status in ("FAILED", "COMPLETED"):
            await task_runs.retry_run(database, "alice", run["_id"], clock.now(), None)
            stack.wakeups.runs_queued()
            (run,) = await stack.wait_for_runs(task.id, status)
        await incident_that(database, open=False, pending=False)
        assert await kinds(database) == ["FAILED_FOR_GOOD", "RECOVERED"]


async def test_a_schedule_that_ends_by_an_edit_leaves_the_incident_to_a_retry(
    database: Database, target: TargetServer
) -> None:
    target.script = [404]
    async with run_stack(database) as stack:
        task = await save_daily(database, target.url)
        stack.wakeups.task_due(clock.now())
        await incident_that(database, untold=None, told=["FAILED"])
        (run,) = await stack.wait_for_runs(task.id, "FAILED")
        await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": None}})
        await saving.update_task(database, "alice", task.id, {"name": "renamed"}, clock.now())
        await wait_until(lambda: database.alerts.find_one({"pending": False}))
        await task_runs.retry_run(database, "alice", run["_id"], clock.now(), None)
        stack.wakeups.runs_queued()
        await incident_that(database, open=False, pending=False)
        (alert,) = await database.alerts.find({}).to_list()
        assert alert["ending"] == "RECOVERED"


async def test_a_workflow_that_is_deleted_ends_its_incident(
    database: Database, alice: User, target: TargetServer
) -> None:
    target.script = [404] * 99
    async with run_stack(database) as stack:
        text = workflow(step("fetch", f"{target.url}/x"), schedule=SOON)
        saved = await stack.save_workflow(text)
        stack.workflows.expect_due(saved["next_run_at"])
        await incident_that(database, untold=None, told=["FAILED"], cause="WORKFLOW")
        await workflow_saving.delete_workflow(database, "alice", saved["name"], clock.now())
        await incident_that(database, open=False, pending=False)
        assert await kinds(database) == ["FAILED_FOR_GOOD", "INCIDENT_CLOSED"]


async def test_a_workflow_that_fails_by_a_host_belongs_to_the_incident_of_the_host(
    database: Database, alice: User, target: TargetServer
) -> None:
    target.script = [503] * 99
    async with run_stack(database) as stack:
        await save_daily(database, target.url)
        stack.wakeups.task_due(clock.now())
        host = await incident_that(database, cause="HOST")
        policy = {"retry": {"maxRetries": 0}}
        text = workflow(step("fetch", f"{target.url}/x", **policy), schedule=SOON)
        saved = await stack.save_workflow(text)
        stack.workflows.expect_due(saved["next_run_at"])
        alert = await wait_until(lambda: database.alerts.find_one({"subject_type": "Workflow", "pending": False}))
        assert (alert["incident"], alert["failure"]["status_code"]) == (host["_id"], 503)
        assert await database.incidents.count_documents({}) == 1
