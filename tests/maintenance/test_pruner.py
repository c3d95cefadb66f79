"""Pruning deletes what has expired, and nothing else."""

from datetime import timedelta

import pytest

from tests.tasks.helpers import add_run, ended_attempt, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import SETTLED_STATUSES, Database, RunStatus
from tocsin.maintenance.pruner import Pruner

S = RunStatus
DAY = timedelta(days=1)
OLD, YOUNG = 11 * DAY, 9 * DAY


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
    assert await prune(pruned) == gone
    assert bool(await load_task(pruned, task.id)) != gone


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
