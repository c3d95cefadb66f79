"""Pruning deletes what has expired, and nothing else."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.harness import SECRETS
from tests.tasks.helpers import add_run, ended_attempt, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import (
    SETTLED_STATUSES,
    Change,
    ChangeKind,
    Database,
    RecordedChange,
    RunStatus,
    WorkflowDocument,
)
from tocsin.documents.history import find_history_begin, note_deleted_tasks
from tocsin.maintenance import pruner
from tocsin.maintenance.pruner import Pruner
from tocsin.workflows import saving
from tocsin.workflows.language.yaml_reader import parse_object

S = RunStatus
DAY = timedelta(days=1)
OLD, YOUNG = 11 * DAY, 9 * DAY


class Died(Exception):  # a crash, not an error
    """The process crashed here."""


@pytest.fixture
async def pruned(database: Database) -> Database:
    """A database whose only user is Alice."""
    user = {"_id": "alice", "email": "a@example.org", "password": "x", "created_at": clock.now()}
    await database.db["users"].insert_one(user)
    return database


async def prune(database: Database, runs: timedelta = 10 * DAY, tasks: timedelta = 10 * DAY) -> int:
    return await Pruner(database, runs, tasks).prune(clock.now())


async def ids(database: Database, collection: str) -> set[str]:
    return {document["_id"] async for document in database.db[collection].find({}, {"_id": 1})}


async def test_old_settled_runs_are_deleted_with_their_bodies_and_nothing_else_is(pruned: Database) -> None:
    task = await save_hourly_task(pruned)
    expected, bodies = set(), set()
    for number, (status, age) in enumerate((status, age) for status in RunStatus for age in (OLD, YOUNG)):
        run = await add_run(
            pruned, task.id, status, ago=age + number * clock.MILLISECOND, attempts=[ended_attempt(1), ended_attempt(2)]
        )
        if status in SETTLED_STATUSES:
            await pruned.runs.update_one({"_id": run}, {"$set": {"finished_at": clock.now() - age}})
        await pruned.response_bodies.insert_many([{"_id": f"{run}#{number}", "text": "x"} for number in (1, 2)])
        if age is YOUNG or status not in SETTLED_STATUSES:
            expected.add(run)
            bodies |= {f"{run}#1", f"{run}#2"}
    assert await prune(pruned) == len(SETTLED_STATUSES)
    assert await ids(pruned, "runs") == expected
    assert await ids(pruned, "response_bodies") == bodies
    assert await ids(pruned, "tasks") == {task.id}
    assert await prune(pruned) == 0


async def test_a_run_that_was_due_long_ago_and_ended_lately_is_kept(pruned: Database) -> None:
    task = await save_hourly_task(pruned)
    run = await add_run(pruned, task.id, S.FAILED, ago=OLD)
    assert await prune(pruned) == 0
    assert await ids(pruned, "runs") == {run}


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"status": "COMPLETED"}, True),
        ({"status": "FAILED"}, True),
        ({"status": "CANCELLED", "hold": "CANCELLED"}, True),
        ({"status": "PAUSED", "hold": "PAUSED"}, False),
        ({"status": "PENDING"}, False),
        ({"status": "RUNNING"}, False),
        ({"status": "RETRY"}, False),
        ({"status": "COMPLETED", "updated_at": clock.now() - YOUNG}, False),
        ({"status": "COMPLETED", "last_due_at": clock.now() - YOUNG}, False),
        ({"status": "COMPLETED", "schedule": {"kind": "cron", "expression": "* * * * *", "time_zone": "UTC"}}, False),
        ({"status": "COMPLETED", "schedule": {"kind": "every"}}, False),
    ],
)
async def test_one_off_tasks_that_ended_long_ago_are_deleted(
    pruned: Database, changes: dict[str, object], gone: bool
) -> None:
    task, long_ago = await save_hourly_task(pruned), clock.now() - OLD
    once = {
        "schedule": schedules.schedule_to_document(schedules.Once(long_ago)), "next_run_at": None,
        "created_at": long_ago, "updated_at": long_ago, "last_due_at": long_ago,
    }  # fmt: skip
    await pruned.tasks.update_one({"_id": task.id}, {"$set": {**once, **changes}})
    recorded: list[RecordedChange] = []
    with pruned.changes.recorded.connected(recorded.extend):
        pruned.changes.open(asyncio.get_running_loop())
        assert await prune(pruned) == gone
        await asyncio.sleep(0)
        pruned.changes.close()
    assert bool(await load_task(pruned, task.id)) != gone
    told = [each.task_id for each in recorded if isinstance(each, Change) and each.kind is ChangeKind.TASK_DELETED]
    assert told == [task.id] * gone
    assert await ids(pruned, "deleted_tasks") == set(told)


async def test_clients_can_know_what_was_deleted_without_a_trace(pruned: Database) -> None:
    await note_deleted_tasks(pruned, "alice", ["alice/old", "alice/young"])
    await pruned.deleted_tasks.update_one({"_id": "alice/old"}, {"$set": {"deleted_at": clock.now() - OLD}})
    before = clock.now() - 10 * DAY
    await prune(pruned)
    assert await ids(pruned, "deleted_tasks") == {"alice/young"}
    begins_at = await find_history_begin(pruned, "alice")
    assert begins_at is not None
    assert before <= begins_at <= clock.now() - 10 * DAY


async def test_runs_and_tasks_have_their_own_retention(pruned: Database) -> None:
    task = await save_hourly_task(pruned)
    run = await add_run(pruned, task.id, S.COMPLETED, ago=OLD)
    await pruned.runs.update_one({"_id": run}, {"$set": {"finished_at": clock.now() - OLD}})
    assert await prune(pruned, runs=12 * DAY) == 0
    assert await prune(pruned, tasks=12 * DAY) == 1


async def test_replays_that_ended_long_ago_are_deleted(pruned: Database) -> None:
    for name, age, is_open in (("old", OLD, False), ("young", YOUNG, False), ("slow", OLD, True)):
        await pruned.db["replays"].insert_one(
            {"_id": name, "owner": "alice", "created_at": clock.now() - age, "open": is_open}
        )
    await prune(pruned)
    assert await ids(pruned, "replays") == {"young", "slow"}


async def test_old_mails_are_deleted(pruned: Database) -> None:
    mail = {"owner": "alice", "status": "DELIVERED"}
    await pruned.db["deliveries"].insert_many(
        [
            {"_id": "old", "queued_at": clock.now() - OLD, **mail},
            {"_id": "young", "queued_at": clock.now() - YOUNG, **mail},
        ]
    )
    await prune(pruned)
    assert await ids(pruned, "deliveries") == {"young"}


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_notifications_are_deleted_with_the_history(pruned: Database, acknowledged: bool) -> None:
    for name, age in (("old", OLD), ("young", YOUNG)):
        stored = {"_id": name, "owner": "alice", "stored_at": clock.now() - age, "acknowledged": acknowledged}
        await pruned.db["notifications"].insert_one(stored)
    await prune(pruned)
    assert await ids(pruned, "notifications") == {"young"}


@pytest.mark.parametrize(("is_open", "ended"), [(True, None), (False, YOUNG), (False, OLD)])
@pytest.mark.parametrize("deleted", [True, False])
async def test_a_replaced_version_is_kept_while_a_run_of_it_is(
    pruned: Database, deleted: bool, is_open: bool, ended: timedelta | None
) -> None:
    """A failed run can be resumed, which needs its version."""
    long_ago, now = clock.now() - 2 * OLD, clock.now()
    workflow = {"_id": "alice/w", "owner": "alice", "version": 2, "deleted": deleted}
    await pruned.db["workflows"].insert_one(workflow | {"created_at": long_ago, "updated_at": now - OLD})
    times = ((1, long_ago), (2, now - OLD))
    rows = [{"_id": f"alice/w@{n}", "workflow": "alice/w", "version": n, "created_at": at} for n, at in times]
    await pruned.db["workflow_versions"].insert_many(rows)
    run = {"_id": "alice/w1", "workflow": "alice/w", "owner": "alice", "version": 1, "open": is_open}
    run |= {"created_at": long_ago, "due_at": long_ago, "finished_at": None if ended is None else now - ended}
    await pruned.db["workflow_runs"].insert_one(run)
    await prune(pruned)
    expected = ({1} if ended is not OLD else set()) | ({2} if not deleted else set())
    assert await ids(pruned, "workflow_versions") == {f"alice/w@{version}" for version in expected}
    assert bool(await ids(pruned, "workflows")) is bool(expected)


async def test_versions_of_a_workflow_that_a_crash_lost_are_deleted_after_its_runs(
    pruned: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - OLD
    lost = (await save_workflow(pruned, "w", long_ago))["_id"]
    kept = (await save_workflow(pruned, "kept", long_ago))["_id"]
    await saving.delete_workflow(pruned, "alice", "w", clock.now())
    await crash_while_the_name_is_released(pruned, monkeypatch)
    run = {"workflow": lost, "owner": "alice", "version": 1, "open": False}
    run |= {"_id": "alice/w1", "created_at": long_ago, "due_at": long_ago}
    await pruned.db["workflow_runs"].insert_one(run | {"finished_at": clock.now() - YOUNG})
    await prune(pruned)
    assert await ids(pruned, "workflow_versions") == {f"{lost}@1", f"{kept}@1"}
    await pruned.workflow_runs.update_one({"_id": "alice/w1"}, {"$set": {"finished_at": long_ago}})
    await prune(pruned)
    assert await ids(pruned, "workflow_versions") == {f"{kept}@1"}


async def test_a_version_that_is_just_being_saved_is_not_taken_for_a_lost_one(pruned: Database) -> None:
    young = {"_id": "alice/w1@1", "workflow": "alice/w1", "created_at": clock.now() - YOUNG, "version": 1}
    await pruned.db["workflow_versions"].insert_one(young)
    await prune(pruned)
    assert await ids(pruned, "workflow_versions") == {"alice/w1@1"}


async def test_the_versions_are_examined_in_windows(pruned: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruner, "_EXAMINED_VERSIONS", 2)
    rows = [{"_id": f"alice/w{n}@1", "workflow": f"alice/w{n}", "created_at": clock.now() - OLD} for n in range(5)]
    await pruned.db["workflow_versions"].insert_many(rows)
    one, left = Pruner(pruned, 10 * DAY, 10 * DAY), []
    for _ in range(3):
        await one.prune(clock.now())
        left.append(len(await ids(pruned, "workflow_versions")))
    await pruned.db["workflow_versions"].insert_one(rows[0])
    await one.prune(clock.now())
    assert (left, await ids(pruned, "workflow_versions")) == ([3, 1, 0], set())


async def save_workflow(database: Database, name: str, at: datetime) -> WorkflowDocument:
    steps = [{"key": "a", "job": "http", "params": {"url": "http://192.0.2.1/"}}]
    return await saving.save_workflow(database, SECRETS, "alice", parse_object({"name": name, "steps": steps}), at)


async def crash_while_the_name_is_released(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(AsyncCollection, "insert_one", crash)
        with pytest.raises(Died):
            await saving._release_name(database, "alice", "w")
