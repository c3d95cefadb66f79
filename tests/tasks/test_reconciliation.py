"""Open runs brought in line with their task: by slices, fairly, and also after a crash."""

import asyncio
from datetime import timedelta

import pytest

from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, Hold, RunStatus
from tocsin.tasks import lifecycle, reconciliation
from tocsin.tasks.reconciliation import reconcile_tasks

S = RunStatus


async def many_open(database: Database, count: int) -> tuple[str, list[str]]:
    """Save a task with this many open runs, most of them queued. Return it with the IDs of its runs."""
    made = await save_hourly_task(database)
    states = [S.RUNNING, S.RETRY]
    ids = [await add_run(database, made.id, state, ago=timedelta(days=index)) for index, state in enumerate(states, 1)]
    first = await load_run(database, await add_run(database, made.id, S.QUEUED))
    copies = [first | {"_id": f"{made.id}:{number}"} for number in range(count)]
    await database.runs.insert_many(copies)
    entries = [{"run": copy["_id"], "shows": "PENDING"} for copy in copies]
    await database.tasks.update_one({"_id": made.id}, {"$push": {"active": {"$each": entries}}})
    return made.id, [*ids, first["_id"], *(copy["_id"] for copy in copies)]


async def test_a_task_with_more_open_runs_than_a_slice_is_paused_and_then_deleted(database: Database) -> None:
    task_id, ids = await many_open(database, reconciliation.SLICE_SIZE + 10)
    await lifecycle.pause_task(database, "alice", task_id, clock.now())
    paused = await load_task(database, task_id)
    assert [entry["run"] for entry in paused["active"]] == [ids[0]]
    assert (paused["status"], paused["reconcile"]) == ("PAUSED", False)
    await lifecycle.delete_task(database, "alice", task_id, clock.now())
    assert await database.tasks.find_one({"_id": task_id}) is None
    found = await database.runs.find({"_id": {"$in": ids}}).to_list()
    assert {(one["status"], one["reason"]) for one in found if one["_id"] != ids[0]} == {("CANCELLED", "TASK_PAUSED")}
    assert (await load_run(database, ids[0]))["final"] == {"status": "CANCELLED", "reason": "TASK_DELETED"}


async def test_what_is_cancelled_late_is_stamped_with_the_time_of_its_write(database: Database) -> None:
    """Clients that catch up look for it from their last bookmark on, which may be later than the request."""
    task_id, ids = await many_open(database, 3)
    requested = clock.now() - timedelta(minutes=1)
    before = clock.now()
    await reconciliation.cancel_open_runs(database, task_id, requested)
    found = await database.runs.find({"_id": {"$in": ids}, "status": S.CANCELLED}).to_list()
    assert len(found) == 5
    assert {run["finished_at"] for run in found} == {requested}
    assert all((run["settled_late_at"] or clock.EPOCH) >= before for run in found)


async def test_long_work_of_one_owner_leaves_room_for_anothers(database: Database) -> None:
    """Twenty concurrent deletions run one slice at a time, and another owner's deletion runs in between."""
    theirs = [await many_open(database, 30) for _ in range(8)]
    mine = await save_hourly_task(database, owner="bob")
    waiting = await add_run(database, mine.id, S.QUEUED)
    ends: list[str] = []

    async def delete(owner: str, task_id: str) -> None:
        await lifecycle.delete_task(database, owner, task_id, clock.now())
        ends.append(owner)

    async with asyncio.TaskGroup() as group:
        for task_id, _ in theirs:
            group.create_task(delete("alice", task_id))
        group.create_task(delete("bob", mine.id))
    assert (await load_run(database, waiting))["status"] == "CANCELLED"
    assert ends.index("bob") < 5


async def test_a_deletion_releases_none_of_the_waiting_runs(database: Database) -> None:
    """The blocking runs are in one slice, and those that wait for them in the next."""
    task_id, ids = await many_open(database, reconciliation.SLICE_SIZE + 10)
    waiting = {"blocked": True, "after": ids[0], "rank": None, "ready_at": None}
    await database.runs.update_many({"_id": {"$in": ids[2:]}}, {"$set": waiting})
    await database.runs.update_one({"_id": ids[0]}, {"$set": {"status": "QUEUED", "attempts": []}})
    await lifecycle.delete_task(database, "alice", task_id, clock.now())
    found = await database.runs.find({"_id": {"$in": ids}}).to_list()
    assert {(one["status"], one["blocked"]) for one in found if one["_id"] in ids[2:]} == {("CANCELLED", False)}
    assert {one["ready_at"] for one in found if one["_id"] in ids[2:]} == {None}  # a dispatcher never saw them


@pytest.mark.parametrize("hold", Hold)
async def test_a_crash_between_a_hold_and_its_runs_is_finished_later(database: Database, hold: Hold) -> None:
    task = await save_hourly_task(database)
    queued = await add_run(database, task.id, S.QUEUED)
    marked = {"hold": hold.value, "next_run_at": None, "version": 2, "reconcile": True}
    await database.tasks.update_one({"_id": task.id}, {"$set": marked})
    assert await reconcile_tasks(database, clock.now()) == 1
    assert (await load_run(database, queued))["status"] == "CANCELLED"
    assert (await load_task(database, task.id)).get("reconcile", False) is False
    assert await reconcile_tasks(database, clock.now()) == 0


async def test_a_crash_between_settling_the_runs_and_updating_the_task_is_finished_later(database: Database) -> None:
    task = await save_hourly_task(database)
    queued = await add_run(database, task.id, S.QUEUED)
    marked = {"hold": "PAUSED", "next_run_at": None, "version": 2, "reconcile": True}
    await database.tasks.update_one({"_id": task.id}, {"$set": marked})
    await database.runs.update_one(
        {"_id": queued}, {"$set": {"status": "CANCELLED", "open": False, "finished_at": clock.now()}}
    )
    await reconcile_tasks(database, clock.now())
    assert (await load_task(database, task.id))["active"] == []
