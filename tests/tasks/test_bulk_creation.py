"""Creation of many tasks by one call, also if the database fails between two batches."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from beanie.odm.documents import Document
from pymongo.errors import AutoReconnect, BulkWriteError

from tests.harness import Stack, TargetServer, http_job, wait_until
from tests.tasks.helpers import AWAY, HOUR
from tocsin import clock, schedules
from tocsin.documents import Database, Task, new_id
from tocsin.errors import PartialWrite
from tocsin.tasks import bulk_creation, idempotency, ownership, saving
from tocsin.tasks.idempotency import IdempotentCall

KEY = IdempotentCall("alice", "createTasks", "k", "f")


def ready(count: int, url: str = AWAY, schedule: schedules.Schedule | None = None) -> dict[int, saving.ValidatedDraft]:
    now = clock.now()
    when = schedule or schedules.Once(now + HOUR)
    return {n: saving.validate_draft(saving.TaskDraft(f"task {n}", http_job(url), when), now) for n in range(count)}


async def taken(database: Database, key: IdempotentCall | None = KEY) -> Any:
    return await idempotency.claim_key(database, key, new_id("alice"), clock.now())


async def names(database: Database) -> list[str]:
    """Return the names of all tasks in list order."""
    return [task["name"] for task in await database.tasks.find({}).sort([("created_at", 1), ("_id", 1)]).to_list()]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fail the insert with this number (from 1) once, before or after the database has applied it."""

    def fail_at(number: int, error: Exception, *, done: bool = False) -> None:
        unbound: Any = Document.insert_many
        real, calls = unbound.__func__, [0]

        async def insert_many(cls: type[Task], /, documents: Any, **options: Any) -> Any:
            calls[0] += 1
            if calls[0] == number and not done:
                raise error
            result = await real(cls, documents, **options)
            if calls[0] == number:
                raise error
            return result

        monkeypatch.setattr(Task, "insert_many", classmethod(insert_many))

    return fail_at


async def test_a_batch_is_saved_as_its_drafts_were_and_belongs_to_its_owner(database: Database) -> None:
    tasks, record = ready(3), await taken(database, None)
    await bulk_creation.create_tasks(database, "alice", tasks, record)
    for index, one in tasks.items():
        task = await ownership.require_task("alice", bulk_creation.task_id_at(record, index))
        assert saving.draft_from_task(task) == replace(one.draft, priority=0)
        assert (task.next_run_at, task.created_at) == (one.next_run_at, record["created_at"])
        assert await ownership.find_task("bob", task.id) is None


async def test_a_thousand_tasks_are_saved_in_their_order_and_only_those_at_their_places(database: Database) -> None:
    tasks = ready(bulk_creation.MAX_TASKS)
    del tasks[500]
    await bulk_creation.create_tasks(database, "alice", tasks, await taken(database))
    assert await names(database) == [f"task {n}" for n in range(1000) if n != 500]


async def test_a_thousand_tasks_that_are_due_now_all_run_once(stack: Stack, target: TargetServer) -> None:
    tasks = ready(bulk_creation.MAX_TASKS, target.url, schedules.Once(clock.now()))
    await bulk_creation.create_tasks(stack.database, "alice", tasks, await taken(stack.database))
    stack.scheduler.expect_due(tasks[0].next_run_at)

    async def all_called() -> bool:
        return len(target.calls) >= bulk_creation.MAX_TASKS

    await wait_until(all_called, 60)
    assert len(set(target.run_ids())) == len(target.calls) == bulk_creation.MAX_TASKS


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.long), 4])
async def test_a_repeat_after_a_failure_between_batches_saves_what_is_missing(
    database: Database, failing: Any, number: int, done: bool
) -> None:
    tasks, record = ready(1000), await taken(database)
    failing(number, AutoReconnect("away"), done=done)
    with pytest.raises(PartialWrite, match="saves the missing tasks and none twice"):
        await bulk_creation.create_tasks(database, "alice", tasks, record)
    assert len(await names(database)) == 250 * (number if done else number - 1)
    before = await database.tasks.find({}).to_list()
    again = await taken(database)
    assert (again["done"], again["created_at"]) == (False, record["created_at"])
    await bulk_creation.create_tasks(database, "alice", tasks, again)
    assert await names(database) == [f"task {n}" for n in range(1000)]
    assert await database.tasks.find({"_id": {"$in": [task["_id"] for task in before]}}).to_list() == before


async def test_what_was_changed_meanwhile_stays_as_it_is(database: Database, failing: Any) -> None:
    tasks, record = ready(300), await taken(database)
    failing(2, AutoReconnect("away"))
    with pytest.raises(PartialWrite):
        await bulk_creation.create_tasks(database, "alice", tasks, record)
    await saving.update_task(database, "alice", bulk_creation.task_id_at(record, 7), {"name": "mine"}, clock.now())
    await bulk_creation.create_tasks(database, "alice", tasks, await taken(database))
    assert (await ownership.require_task("alice", bulk_creation.task_id_at(record, 7))).name == "mine"
    assert len(await names(database)) == 300


async def test_the_same_call_many_times_at_once_saves_once(database: Database) -> None:
    tasks = ready(300)

    async def call() -> None:
        await bulk_creation.create_tasks(database, "alice", tasks, await taken(database))

    await asyncio.gather(*(call() for _ in range(5)))
    assert len(await names(database)) == 300


async def test_a_call_that_is_done_saves_nothing_again(database: Database) -> None:
    tasks = ready(3)
    await bulk_creation.create_tasks(database, "alice", tasks, await taken(database))
    await database.tasks.delete_many({})
    await bulk_creation.create_tasks(database, "alice", tasks, await taken(database))
    assert await names(database) == []


async def test_a_fault_of_our_own_is_not_taken_for_an_earlier_try(database: Database, failing: Any) -> None:
    errors = [{"index": 0, "code": 11000}, {"index": 1, "code": 121}]
    failing(1, BulkWriteError({"writeErrors": errors}))
    with pytest.raises(BulkWriteError):
        await bulk_creation.create_tasks(database, "alice", ready(2), await taken(database))


async def test_due_times_of_one_call_are_those_of_its_drafts(database: Database) -> None:
    every = schedules.Every(timedelta(minutes=5), clock.now() + HOUR)
    tasks, record = ready(2, schedule=every), await taken(database)
    await bulk_creation.create_tasks(database, "alice", tasks, record)
    assert [task["next_run_at"] for task in await database.tasks.find({}).to_list()] == [every.start] * 2
