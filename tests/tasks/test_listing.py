"""Queries for lists of tasks and runs."""

from datetime import timedelta

import pytest

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus, TaskStatus, User
from tocsin.documents.paging import Count, PageArguments, count_rows, fetch_page
from tocsin.errors import InvalidInput
from tocsin.tasks.listing import RunCriteria, RunOrderField, TaskCriteria, TaskOrderField, query_runs, query_tasks

ALICE = User.model_construct(id="alice", created_at=clock.now() - timedelta(days=1))
S = RunStatus
PAGE = PageArguments(None, None, None, None)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([S.QUEUED], "claimed queued"),
        ([S.RUNNING], "running"),
        ([S.QUEUED, S.RUNNING], "claimed queued running"),
        ([S.COMPLETED], ""),
        ([], ""),
        (None, "claimed queued running"),
    ],
)
async def test_a_claimed_run_whose_attempt_has_not_begun_is_listed_as_queued(
    database: Database, statuses: list[RunStatus] | None, expected: str
) -> None:
    task = await save_hourly_task(database)
    names = {
        await add_run(database, task.id, S.QUEUED, ago=timedelta(hours=1)): "queued",
        await add_run(database, task.id, S.RUNNING, ago=timedelta(hours=2), begun=True): "running",
        await add_run(database, task.id, S.RUNNING, ago=timedelta(hours=3), begun=False): "claimed",
    }
    query = query_runs(database, ALICE, RunCriteria(statuses=statuses), RunOrderField.DUE_AT, descending=True)
    found = await fetch_page(query, PAGE)
    assert " ".join(sorted(names[run["_id"]] for run in found.rows)) == expected
    assert all("job" not in run for run in found.rows)


def test_at_most_twenty_tags() -> None:
    assert TaskCriteria(tags=["a"] * 20).to_query()["tags"] == {"$all": ["a"] * 20}
    with pytest.raises(InvalidInput, match="at most 20"):
        TaskCriteria(tags=["a"] * 21).to_query()


@pytest.mark.parametrize(
    ("order_by", "descending", "names"),
    [
        (TaskOrderField.NEXT_RUN_AT, False, "soon later paused"),
        (TaskOrderField.NEXT_RUN_AT, True, "later soon paused"),
        (TaskOrderField.CREATED_AT, True, "soon paused later"),
    ],
)
async def test_tasks_without_a_due_time_come_last(
    database: Database, order_by: TaskOrderField, descending: bool, names: str
) -> None:
    now = clock.now()
    for number, (name, hours) in enumerate({"later": 3, "paused": None, "soon": 1}.items()):
        task = await save_hourly_task(database, name=name)
        changes = {"created_at": now - timedelta(minutes=9 - number)}
        due = None if hours is None else now + timedelta(hours=hours)
        await database.tasks.update_one({"_id": task.id}, {"$set": {**changes, "next_run_at": due}})
    query = query_tasks(database, ALICE, TaskCriteria(), order_by, descending=descending)
    assert " ".join(task["name"] for task in (await fetch_page(query, PAGE)).rows) == names


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        (TaskCriteria(), "one two"),
        (TaskCriteria(name="ON"), "one"),
        (TaskCriteria(tags=["a"]), "one two"),
        (TaskCriteria(tags=["a", "b"]), "two"),
        (TaskCriteria(statuses=[TaskStatus.PAUSED]), ""),
        (TaskCriteria(statuses=[]), ""),
        (TaskCriteria(due_to=clock.now()), ""),
    ],
)
async def test_tasks_are_listed_by_all_conditions_and_deleted_ones_are_not(
    database: Database, criteria: TaskCriteria, names: str
) -> None:
    await save_hourly_task(database, name="one", tags=("a",))
    await save_hourly_task(database, name="two", tags=("a", "b"))
    await save_hourly_task(database, name="one of bob's", owner="bob", tags=("a", "b"))
    deleted = await save_hourly_task(database, name="one deleted", tags=("a", "b"))
    changes = {"hold": "DELETED", "status": "CANCELLED", "next_run_at": None}
    await database.tasks.update_one({"_id": deleted.id}, {"$set": changes})
    for order in TaskOrderField:
        query = query_tasks(database, ALICE, criteria, order, descending=False)
        assert " ".join(task["name"] for task in (await fetch_page(query, PAGE)).rows) == names
        assert await count_rows(query) == Count(len(names.split()), is_exact=True)
