"""Paused workflows have no due times, whatever is saved meanwhile, and go on with the next one when resumed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack
from tests.workflows.samples import require, workflow
from tocsin import clock
from tocsin.documents import AlertEnding, AlertSubject, Database, User
from tocsin.errors import Conflict, NotFound
from tocsin.notifications.incidents.subjects import find_subject_states
from tocsin.workflows import saving
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.lifecycle import pause_workflow, resume_workflow
from tocsin.workflows.ownership import require_workflow

HOURLY = {"every": {"interval": "PT1H"}}
WAIT = {"key": "pause", "wait": "PT1H"}


async def save(stack: Stack, ago: float = 0, **fields: Any) -> str:
    """Save alice's hourly workflow, and return its ID. With `ago`, it has been due for so many seconds."""
    if await User.get("alice") is None:
        await User(id="alice", email="alice@example.com", password="", created_at=clock.now()).insert()
    saved = await stack.save_workflow(workflow(WAIT, **{"schedule": HOURLY, **fields}))
    if ago:
        due = clock.now() - timedelta(seconds=ago)
        await stack.database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"next_run_at": due}})
    return str(saved["_id"])


async def pause(stack: Stack) -> Any:
    """Pause alice's workflow and return it."""
    return (await pause_workflow(stack.database, "alice", "w", clock.now()))[0]


async def fire(stack: Stack) -> list[str]:
    return await WorkflowScheduler(stack.database, stack.versions).fire_due(clock.now())


async def stored(stack: Stack) -> Any:
    return require(await stack.database.workflows.find_one({"name": "w"}))


async def test_a_paused_workflow_does_not_run_and_does_not_catch_up(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack, ago=7200)
        before = clock.now()
        paused = await pause(stack)
        assert paused["paused_at"] >= before
        assert (paused["next_run_at"], paused["updated_at"]) == (None, paused["paused_at"])
        assert await fire(stack) == []
        resumed = await resume_workflow(database, "alice", "w", clock.now())
        assert resumed["paused_at"] is None
        assert resumed["next_run_at"] is not None
        assert clock.now() < resumed["next_run_at"] <= clock.now() + timedelta(hours=1)
        assert await fire(stack) == []
        assert await database.workflow_runs.count_documents({}) == 0


async def test_pausing_and_resuming_twice_changes_nothing(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack)
        first = await pause(stack)
        assert await pause(stack) == first
        resumed = await resume_workflow(database, "alice", "w", clock.now())
        assert await resume_workflow(database, "alice", "w", clock.now() + timedelta(days=1)) == resumed


async def test_a_due_time_that_passed_once_while_it_was_paused_runs_afterwards(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        at = (clock.now() + timedelta(seconds=30)).isoformat()
        await save(stack, schedule={"at": at})
        await pause(stack)
        later = clock.now() + timedelta(minutes=1)
        resumed = await resume_workflow(database, "alice", "w", later)
        assert resumed["next_run_at"] is not None
        assert len(await WorkflowScheduler(database, stack.versions).fire_due(later)) == 1


async def test_runs_in_progress_continue_and_those_that_wait_for_them_are_cancelled(database: Database) -> None:
    async with run_stack(database) as stack:
        workflow_id = await save(stack, ago=1, overlap="QUEUE")
        (active,) = await fire(stack)
        stack.workflows.request_advance(active)
        await stack.wait_for_workflow_run(active, "RUNNING")
        await database.workflows.update_one({"_id": workflow_id}, {"$set": {"next_run_at": clock.now()}})
        (waiting,) = await fire(stack)
        _, cancelled = await pause_workflow(database, "alice", "w", clock.now())
        assert cancelled == [waiting]
        stack.workflows.request_advance(waiting)
        run = await stack.wait_for_workflow_run(waiting, "CANCELLED")
        assert run["reason"] == "CANCEL_REQUESTED"
        assert require(await database.workflow_runs.find_one({"_id": active}))["status"] == "RUNNING"
        requested = await stack.execute("w")
        stack.workflows.request_advance(requested)
        await stack.wait_for_workflow_run(requested, "RUNNING")
        assert await pause_workflow(database, "alice", "w", clock.now()) == (await stored(stack), [])


async def test_what_a_crash_left_waiting_is_cancelled_when_the_pause_is_repeated(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        workflow_id = await save(stack, ago=1)
        (waiting,) = await fire(stack)
        crashed = {"paused_at": clock.now(), "next_run_at": None}
        await database.workflows.update_one({"_id": workflow_id}, {"$set": crashed})
        _, cancelled = await pause_workflow(database, "alice", "w", clock.now())
        assert cancelled == [waiting]
        assert require(await database.workflow_runs.find_one({"_id": waiting}))["cancel_requested_at"] is not None


@pytest.mark.parametrize("fields", [{}, {"schedule": {"every": {"interval": "PT2H"}}}, {"schedule": None}])
async def test_a_version_that_is_saved_meanwhile_leaves_it_paused(database: Database, fields: dict[str, Any]) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack)
        await pause(stack)
        given = {name: value for name, value in {"schedule": HOURLY, **fields}.items() if value is not None}
        await stack.save_workflow(workflow(WAIT, description="new", **given))
        saved = await stored(stack)
        assert (saved["version"], saved["next_run_at"], saved["paused_at"] is None) == (2, None, False)
        resumed = await resume_workflow(database, "alice", "w", clock.now())
        assert (resumed["next_run_at"] is None) is ("schedule" not in given)
        assert resumed["paused_at"] is None


async def test_a_workflow_that_is_deleted_while_it_is_paused_leaves_its_name_to_one_that_is_not(
    database: Database,
) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack)
        await pause(stack)
        await saving.delete_workflow(database, "alice", "w", clock.now())
        for change in (pause_workflow, resume_workflow):
            with pytest.raises(NotFound):
                await change(database, "alice", "w", clock.now())
        await save(stack)
        again = require(await database.workflows.find_one({"name": "w", "deleted": False}))
        assert again.get("paused_at") is None
        assert again["next_run_at"] is not None


async def test_only_the_owner_can_pause_and_only_what_is_scheduled(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(WAIT))
        for change in (pause_workflow, resume_workflow):
            with pytest.raises(NotFound):
                await change(database, "bob", "w", clock.now())
        with pytest.raises(Conflict) as refused:
            await pause(stack)
        assert (refused.value.message, refused.value.path) == (
            "The workflow has no schedule, so there is nothing to pause.",
            ("name",),
        )
        assert (await resume_workflow(database, "alice", "w", clock.now())).get("paused_at") is None


async def _save_again(stack: Stack) -> None:
    await stack.save_workflow(workflow(WAIT, description="other", schedule=HOURLY))


async def _advance(stack: Stack) -> None:
    later = {"next_run_at": clock.now() + timedelta(minutes=5)}
    await stack.database.workflows.update_one({"name": "w"}, {"$set": later})


async def _pause(stack: Stack) -> None:
    await stack.database.workflows.update_one({"name": "w"}, {"$set": {"paused_at": clock.now(), "next_run_at": None}})


@pytest.mark.parametrize("meanwhile", [_save_again, _advance, _pause])
async def test_a_pause_that_something_else_overtakes_looks_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Stack], Awaitable[None]]
) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack)
        read, reads = require_workflow, list[str]()

        async def overtaken(database: Database, owner: str, name: str) -> Any:
            found = await read(database, owner, name)
            reads.append(name)
            if len(reads) == 1:
                await meanwhile(stack)
            return found

        monkeypatch.setattr("tocsin.workflows.lifecycle.require_workflow", overtaken)
        await pause(stack)
        assert len(reads) >= 2
        assert ((await stored(stack))["paused_at"] is None, (await stored(stack))["next_run_at"]) == (False, None)


async def test_a_version_that_a_pause_overtakes_is_saved_as_paused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_stack(database, schedule=False) as stack:
        await save(stack, schedule={"every": {"interval": "PT1H"}})
        insert, inserted = saving._insert_version, list[int]()

        async def overtaken(database: Database, workflow_id: str, owner: str, version: int, *rest: Any) -> bool:
            inserted.append(version)
            if len(inserted) == 1:
                await pause(stack)
            return await insert(database, workflow_id, owner, version, *rest)

        monkeypatch.setattr(saving, "_insert_version", overtaken)
        await _save_again(stack)
        saved = await stored(stack)
        assert (inserted, saved["version"], saved["next_run_at"]) == ([2, 2], 2, None)
        assert saved["paused_at"] is not None


async def test_incidents_take_a_paused_workflow_like_a_paused_task(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        workflow_id = await save(stack)
        alert: Any = {"subject": workflow_id, "subject_type": AlertSubject.WORKFLOW}
        assert (await find_subject_states(database, [alert]))[workflow_id].ending is None
        await pause(stack)
        assert (await find_subject_states(database, [alert]))[workflow_id].ending is AlertEnding.PAUSED
        await saving.delete_workflow(database, "alice", "w", clock.now())
        assert (await find_subject_states(database, [alert]))[workflow_id].ending is AlertEnding.DELETED
