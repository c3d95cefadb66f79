"""Scheduled workflows: each due time makes one run, within the overlap policy and limits, and owners take turns."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, run_stack, wait_until
from tests.workflows.samples import add_user, require, step, workflow
from tocsin import clock
from tocsin.documents import Database, User, WorkflowDocument, WorkflowVersionDocument, owner_of
from tocsin.workflows import saving
from tocsin.workflows.engine import scheduler
from tocsin.workflows.engine.scheduler import WorkflowScheduler

EACH_SECOND = {"every": {"interval": "PT1S"}}


PAUSE = {"key": "pause", "wait": "PT1H"}


async def due_workflow(stack: Stack, owner: str, ago: float, **fields: Any) -> str:
    """Insert a workflow of this owner that has been due for some seconds."""
    if await User.get(owner) is None:
        await User(id=owner, email=f"{owner}@example.com", password="", created_at=clock.now()).insert()
    saved = await stack.save_workflow(workflow(PAUSE, schedule=EACH_SECOND, **fields), owner)
    since = clock.now() - timedelta(seconds=ago)
    await stack.database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"next_run_at": since}})
    return str(saved["_id"])


async def flood(stack: Stack, first: str, count: int) -> None:
    """Insert copies of mallory's workflow."""
    database = stack.database
    document = require(await database.workflows.find_one({"_id": first}))
    version = require(await database.workflow_versions.find_one({"workflow": first}))
    ids = [f"{first}{number}" for number in range(count)]
    workflows: list[WorkflowDocument] = [{**document, "_id": each, "name_key": None, "name": "w"} for each in ids]
    await database.workflows.insert_many(workflows)
    versions: list[WorkflowVersionDocument] = [
        {**version, "_id": f"{each}@{version['version']}", "workflow": each} for each in ids
    ]
    await database.workflow_versions.insert_many(versions)


async def test_due_workflows_of_owners_are_started_in_turn(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SLICE_SIZE", 10)
    async with run_stack(database, schedule=False) as stack:
        await flood(stack, await due_workflow(stack, "mallory", 10), 25)
        await due_workflow(stack, "alice", 1)
        scheduled = WorkflowScheduler(database, stack.versions)
        owners = [owner_of(run) for run in await scheduled.fire_due(clock.now())]
        assert "alice" in owners[:12]
        assert scheduled.has_more
        late = await due_workflow(stack, "bob", 0)
        assert owner_of(late) in [owner_of(run) for run in await scheduled.fire_due(clock.now())]


async def test_a_workflow_has_so_many_open_runs_at_most(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        saved = await due_workflow(stack, "alice", 5, overlap="QUEUE")
        scheduled = WorkflowScheduler(database, stack.versions, max_open_runs=3)
        for seconds in range(5):
            await scheduled.fire_due(clock.now() + timedelta(seconds=seconds))
        found = await database.workflow_runs.find({"workflow": saved}).sort("due_at", 1).to_list()
    assert [(run["status"], run["reason"]) for run in found[:3]] == [("PENDING", None)] * 3
    assert {(run["status"], run["reason"]) for run in found[3:]} == {("SKIPPED", "OVERLAP_LIMIT")}


async def test_a_schedule_makes_runs_and_a_deleted_workflow_makes_none(
    database: Database, target: TargetServer
) -> None:
    await add_user("alice")
    async with run_stack(database) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        stack.workflows.expect_due(saved["next_run_at"])

        async def ran() -> bool:
            return await database.workflow_runs.count_documents({"status": "COMPLETED"}) >= 2

        await wait_until(ran)
        await saving.delete_workflow(database, "alice", "w", clock.now())
        found = await database.workflow_runs.find({}).to_list()
        assert len({run["due_at"] for run in found}) == len(found)
        assert {run["trigger"] for run in found} == {"SCHEDULE"}
        assert require(await database.workflows.find_one({"_id": saved["_id"]}))["next_run_at"] is None


@pytest.mark.parametrize(("overlap", "second"), [("SKIP", "SKIPPED"), ("QUEUE", "PENDING"), ("ALLOW", "RUNNING")])
async def test_overlap(database: Database, target: TargetServer, overlap: str, second: str) -> None:
    await add_user("alice")
    async with run_stack(database) as stack:
        slow = step("a", f"{target.url}/wait", timeout="PT1M")
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(slow, schedule=every, overlap=overlap))
        stack.workflows.expect_due(saved["next_run_at"])

        async def two() -> Any:
            found = await database.workflow_runs.find({}).sort("due_at", 1).to_list()
            return found if len(found) >= 2 and found[1]["status"] == second else None

        found = await wait_until(two)
        assert found[0]["status"] == "RUNNING"
        target.release.set()
        await stack.wait_for_workflow_run(found[0]["_id"], "COMPLETED")
        if overlap != "SKIP":
            await stack.wait_for_workflow_run(found[1]["_id"], "COMPLETED")


async def test_the_due_times_of_a_deactivated_user_pass_and_the_schedule_stays(
    database: Database, target: TargetServer
) -> None:
    user = await add_user("alice")
    async with run_stack(database, schedule=False) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        scheduled = WorkflowScheduler(database, stack.versions)
        await database.users.update_one({"_id": user.id}, {"$set": {"is_active": False}})
        assert await scheduled.fire_due(saved["next_run_at"]) == []
        passed = require(await database.workflows.find_one({"_id": saved["_id"]}))
        assert passed["next_run_at"] == saved["next_run_at"] + timedelta(seconds=1)
        await database.users.update_one({"_id": user.id}, {"$set": {"is_active": True}})
        assert len(await scheduled.fire_due(require(passed["next_run_at"]))) == 1
