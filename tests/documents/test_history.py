"""Notes of what was deleted, and late ends of runs."""

from datetime import timedelta

from tocsin import clock
from tocsin.documents import Database
from tocsin.documents.history import (
    begin_history_at,
    find_history_begin,
    note_deleted_tasks,
    prune_deleted_tasks,
    stamp_late_ends,
)


async def test_deleted_tasks_are_noted_once_with_the_time_of_the_database(database: Database) -> None:
    await note_deleted_tasks(database, "o", [])
    await note_deleted_tasks(database, "o", ["o/1", "o/2"])
    first = {row["_id"]: row["deleted_at"] async for row in database.deleted_tasks.find({"owner": "o"})}
    assert first.keys() == {"o/1", "o/2"}
    assert all(abs(at - clock.now()) < timedelta(minutes=1) for at in first.values())
    await note_deleted_tasks(database, "o", ["o/1"])
    again = await database.deleted_tasks.find_one({"_id": "o/1"})
    assert again is not None
    assert again["deleted_at"] >= first["o/1"]
    await prune_deleted_tasks(database, "p", clock.now() + timedelta(hours=1))
    assert await database.deleted_tasks.count_documents({"owner": "o"}) == 2
    await prune_deleted_tasks(database, "o", clock.now() + timedelta(hours=1))
    assert await database.deleted_tasks.count_documents({"owner": "o"}) == 0


async def test_the_history_begins_at_the_latest_time_that_was_noted(database: Database) -> None:
    assert await find_history_begin(database, "o") is None
    now = clock.now()
    for age in (2, 1, 3):
        await begin_history_at(database, "o", now - timedelta(days=age))
    assert await find_history_begin(database, "o") == now - timedelta(days=1)
    assert await find_history_begin(database, "p") is None


async def test_runs_are_stamped_whether_they_settled_or_not(database: Database) -> None:
    await database.db["runs"].insert_many([{"_id": "o/t:1", "open": False}, {"_id": "o/t:2", "open": True}])
    await stamp_late_ends(database, ["o/t:1", "o/t:2"])
    found = {run["_id"]: run["settled_late_at"] async for run in database.runs.find({})}
    assert found["o/t:1"] is not None
    assert found["o/t:2"] is not None
