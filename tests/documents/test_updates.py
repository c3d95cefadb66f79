"""Values from users are stored unchanged, even if they look like a field path or an operator."""

from datetime import timedelta
from typing import Any

from tests.harness import Stack, TargetServer, save_task
from tocsin import clock, schedules
from tocsin.documents import Database, JobDocument, RunStatus
from tocsin.documents.updates import change_when, has_value, is_null, move_run
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs

NASTY = {"$name": "$owner", "a.b": {"$literal": "$$ROOT"}, "list": ["$status", {"$add": [1, "$x"]}]}
NAME = "$owner $$ROOT"


async def test_values_that_look_like_operators_are_stored_unchanged(database: Database) -> None:
    await database.db["runs"].insert_one({"_id": "a", "status": "RUNNING", "open": True, "job": NASTY})
    changes: Any = {"result": NASTY, "error": "$status"}
    moved = move_run("a", [RunStatus.RUNNING], RunStatus.COMPLETED, changes)
    await database.runs.bulk_write([moved])
    await database.runs.update_one({"_id": "a"}, [change_when(has_value("error", "$status"), {"name": NAME})])
    assert await database.runs.find_one({"_id": "a"}) == {
        "_id": "a", "status": "COMPLETED", "open": False, "job": NASTY, "result": NASTY, "error": "$status",
        "name": NAME,
    }  # fmt: skip


async def test_a_missing_field_is_null(database: Database) -> None:
    await database.db["runs"].insert_many([{"_id": "a"}, {"_id": "b", "x": None}, {"_id": "c", "x": 0}])
    for name in "abc":
        await database.runs.update_one({"_id": name}, [change_when(is_null("x"), {"null": True})])
    assert [run.get("null") async for run in database.runs.find({}).sort("_id", 1)] == [True, True, None]


async def test_names_bodies_and_tags_that_look_like_operators_stay_unchanged(
    stack: Stack, target: TargetServer
) -> None:
    body = {"kind": "form", "value": [["$name", "$$ROOT"], ["a.b", "$status"]]}
    later = schedules.Once(clock.now() + timedelta(hours=1))
    task = await save_task(stack.database, f"{target.url}/wait", later, name=NAME, tags=("$tags", "a.b"))
    job: JobDocument = {**task.job, "params": {**task.job["params"], "body": body, "method": "POST"}}
    task = await saving.update_task(stack.database, "alice", task.id, {"job": job, "name": f"{NAME}!"}, clock.now())
    run = await task_runs.run_task_now(stack.database, "alice", task.id, clock.now(), None)
    await stack.wait_for_runs(task.id, "RUNNING")
    await saving.update_task(stack.database, "alice", task.id, {"tags": ("$$NOW",)}, clock.now())
    await lifecycle.pause_task(stack.database, "alice", task.id, clock.now())
    await lifecycle.resume_task(stack.database, "alice", task.id, clock.now())
    target.release.set()
    (done,) = await stack.wait_for_runs(task.id, "COMPLETED")
    stored = await stack.task(task.id)
    assert (stored["name"], stored["tags"], stored["job"]) == (f"{NAME}!", ["$$NOW"], job)
    assert (done["_id"], done["job"], done["task_name"]) == (run.id, job, f"{NAME}!")
