"""Unique names of tasks, which are free again once their task gives them up."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Database, Hold, Task
from tocsin.errors import Conflict
from tocsin.tasks import lifecycle, runs, saving, unique_names
from tocsin.tasks.idempotency import IdempotentCall

OWNER = "alice"


async def save_named(database: Database, name: str = "nightly") -> Task:
    return await save_hourly_task(database, name=name, unique_name=True)


async def rename(database: Database, task: Task, name: str) -> Task:
    return await saving.update_task(database, OWNER, task.id, {"name": name}, clock.now())


async def count_holders(database: Database, name: str = "nightly") -> int:
    return await database.tasks.count_documents({"owner": OWNER, "name": name, "unique_name": True})


async def give_up_by_renaming(database: Database, task: Task) -> None:
    await rename(database, task, "former")
    await rename(database, task, f"former {task.id}")


async def give_up_by_deleting(database: Database, task: Task) -> None:
    await lifecycle.delete_task(database, OWNER, task.id, clock.now())


async def give_up_by_deleting_with_an_open_run(database: Database, task: Task) -> None:
    await runs.run_task_now(database, OWNER, task.id, clock.now(), None)
    await lifecycle.delete_task(database, OWNER, task.id, clock.now())


async def give_up_by_choice(database: Database, task: Task) -> None:
    await saving.update_task(database, OWNER, task.id, {"unique_name": False, "name": "other"}, clock.now())


GiveUp = Callable[[Database, Task], Awaitable[None]]
WAYS: list[GiveUp] = [give_up_by_renaming, give_up_by_deleting, give_up_by_deleting_with_an_open_run, give_up_by_choice]


@pytest.mark.parametrize("give_up", WAYS)
async def test_a_name_that_was_given_up_is_free_again_and_again(database: Database, give_up: GiveUp) -> None:
    for _ in range(3):
        task = await save_named(database)
        with pytest.raises(Conflict, match="unique name is 'Nightly'"):
            await save_named(database, "Nightly")
        await give_up(database, task)
    await save_named(database)
    assert await count_holders(database) == 1


async def test_a_task_takes_a_name_that_was_given_up_and_its_own_back(database: Database) -> None:
    first, second = await save_named(database), await save_named(database, "weekly")
    await rename(database, first, "monthly")
    await rename(database, second, "nightly")
    with pytest.raises(Conflict):
        await rename(database, first, "nightly")
    await rename(database, second, "weekly")
    await rename(database, first, "nightly")
    assert await count_holders(database) == 1


async def test_other_changes_leave_the_name_to_its_task(database: Database) -> None:
    await rename(database, await save_named(database), "former")
    task = await save_named(database)
    changed = await saving.update_task(database, OWNER, task.id, {"name": "NIGHTLY", "tags": ("a",)}, clock.now())
    assert (changed.name, changed.unique_name) == ("NIGHTLY", True)
    with pytest.raises(Conflict):
        await save_named(database)


async def test_a_name_goes_to_one_of_a_new_task_and_the_one_that_takes_it_back(database: Database) -> None:
    for number in range(10):
        name = f"nightly {number}"
        task = await rename(database, await save_named(database, name), f"former {number}")
        saved = await asyncio.gather(rename(database, task, name), save_named(database, name), return_exceptions=True)
        assert Counter(map(type, saved)) == {Task: 1, Conflict: 1}
        assert await count_holders(database, name) == 1


async def test_of_many_tasks_that_take_a_name_that_was_given_up_one_gets_it(database: Database) -> None:
    for _ in range(2):
        await rename(database, await save_named(database), f"former {clock.now()}")
    saved = await asyncio.gather(*(save_named(database) for _ in range(8)), return_exceptions=True)
    assert Counter(map(type, saved)) == {Task: 1, Conflict: 7}
    assert await count_holders(database) == 1


async def lock(database: Database, left: timedelta) -> None:
    await database.name_locks.insert_one({"_id": f"{OWNER}/nightly", "token": "t", "forget_at": clock.now() + left})


async def test_a_lock_that_was_left_by_a_process_that_ended_is_dropped(database: Database) -> None:
    await lock(database, timedelta(0))
    await save_named(database)
    assert await database.name_locks.count_documents({}) == 0


async def test_a_name_whose_lock_is_held_is_refused_and_the_lock_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unique_names, "_TRIES", 3)
    await lock(database, unique_names.LOCK_TIME)
    with pytest.raises(Conflict, match="Try again"):
        await save_named(database)
    await save_named(database, "weekly")
    assert [each["token"] async for each in database.name_locks.find({})] == ["t"]


async def test_a_name_is_not_locked_by_saves_that_leave_it(database: Database) -> None:
    task = await save_named(database)
    await lock(database, unique_names.LOCK_TIME)
    await saving.update_task(database, OWNER, task.id, {"tags": ("a",)}, clock.now())
    await save_hourly_task(database, name="nightly")


async def test_a_repeated_creation_returns_the_task_that_has_given_up_its_name_meanwhile(database: Database) -> None:
    draft = saving.draft_from_task(await save_hourly_task(database, name="template"))
    draft = dataclasses.replace(draft, name="nightly", unique_name=True)
    key = IdempotentCall(OWNER, "createTask", "k", "f")
    task = await saving.create_task(database, OWNER, draft, clock.now(), key)
    await rename(database, task, "former")
    await save_named(database)
    await database.idempotency_keys.update_many({}, {"$set": {"done": False}})  # as if the first were interrupted
    assert (await saving.create_task(database, OWNER, draft, clock.now(), key)).id == task.id


async def test_a_repeated_creation_of_a_task_that_was_deleted_with_an_open_run_is_refused(database: Database) -> None:
    draft = saving.draft_from_task(await save_hourly_task(database, name="template"))
    draft = dataclasses.replace(draft, name="nightly", unique_name=True)
    key = IdempotentCall(OWNER, "createTask", "k", "f")
    task = await saving.create_task(database, OWNER, draft, clock.now(), key)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"hold": Hold.DELETED}})  # as while a run still ends
    await database.idempotency_keys.update_many({}, {"$set": {"done": False}})
    with pytest.raises(Conflict, match="has been deleted"):
        await saving.create_task(database, OWNER, draft, clock.now(), key)
