"""Unique names of tasks, which are free again once their task gives them up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Database, Task
from tocsin.errors import Conflict
from tocsin.tasks import lifecycle, runs, saving, unique_names

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
    assert changed.name_slot == task.name_slot
    with pytest.raises(Conflict):
        await save_named(database)


async def test_of_many_tasks_that_take_a_name_that_was_given_up_one_gets_it(database: Database) -> None:
    for _ in range(2):
        await rename(database, await save_named(database), f"former {clock.now()}")
    saved = await asyncio.gather(*(save_named(database) for _ in range(8)), return_exceptions=True)
    assert Counter(map(type, saved)) == {Task: 1, Conflict: 7}
    assert await count_holders(database) == 1


async def test_a_name_that_was_given_up_too_often_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_nobody(*_: object) -> set[str]:
        return set()

    monkeypatch.setattr(unique_names, "MAX_SLOTS", 1)
    await save_named(database)
    monkeypatch.setattr(unique_names, "_find_holders", find_nobody)
    with pytest.raises(Conflict, match="given up by tasks 1 times"):
        await save_named(database)
