"""Tasks and runs of other users look like unknown ones."""

import pytest

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin.documents import Database, Hold, RunStatus
from tocsin.errors import NotFound
from tocsin.tasks import ownership


async def test_the_owner_finds_their_task_and_its_runs(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    assert (await ownership.require_task("alice", task.id)).id == task.id
    assert (await ownership.require_run("alice", run_id)).id == run_id


@pytest.mark.parametrize(("owner", "task_name"), [("bob", None), ("alice", "alice/unknown"), ("ali", None)])
async def test_others_and_unknown_ones_are_not_found(database: Database, owner: str, task_name: str | None) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    assert await ownership.find_task(owner, task_name or task.id) is None
    assert await ownership.find_run(owner, task_name or run_id) is None
    with pytest.raises(NotFound, match="no task"):
        await ownership.require_task(owner, task_name or task.id)
    with pytest.raises(NotFound, match="no run"):
        await ownership.require_run(owner, task_name or run_id)


async def test_a_task_that_is_being_deleted_is_hidden_and_its_runs_are_not(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"hold": Hold.DELETED}})
    assert await ownership.find_task("alice", task.id) is None
    assert await ownership.find_run("alice", run_id) is not None
