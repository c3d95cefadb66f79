"""Queries for lists of tasks and runs."""

import itertools
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus, TaskStatus, Trigger, User, paging
from tocsin.documents.keyset import KeysetQuery
from tocsin.documents.paging import Count, PageArguments, count_rows, fetch_page
from tocsin.documents.walks import Walk
from tocsin.documents.windows import Window
from tocsin.errors import InvalidInput
from tocsin.tasks.listing import RunCriteria, RunOrderField, TaskCriteria, TaskOrderField, query_runs, query_tasks

ALICE = User.model_construct(id="alice", created_at=clock.now() - timedelta(days=1))
S = RunStatus
PAGE = PageArguments(None, None, None, None)
WINDOW = Window(ALICE.created_at - timedelta(days=1), ALICE.created_at, None)


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


async def _walk(query: KeysetQuery[Any], size: int, *, forward: bool, stir: Callable[[], Awaitable[None]]) -> list[str]:
    """Return the IDs of all pages in the order of the list, calling `stir` between them."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        arguments = PageArguments(size, cursor, None, None) if forward else PageArguments(None, None, size, cursor)
        page = await fetch_page(query, arguments)
        rows = [row["_id"] for row in page.rows]
        found = found + rows if forward else rows + found
        if not (page.has_next if forward else page.has_previous):
            return found
        cursor = page.end_cursor if forward else page.start_cursor
        assert cursor is not None
        await stir()


class _Rows:
    """Tasks and runs over months, with many ties and gaps, of which some come and go."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self.chance = chance
        self.collections: tuple[Any, Any] = (database.tasks, database.runs)
        self.made = 0
        self.staying: tuple[list[Any], list[Any]] = ([], [])
        self.going: list[tuple[Any, str]] = []

    def _time(self) -> datetime:
        spans = [timedelta(0), timedelta(milliseconds=1), timedelta(seconds=5), timedelta(hours=3), timedelta(days=40)]
        start: datetime = ALICE.created_at
        return start - self.chance.choice(spans) * self.chance.randint(-1, 2)

    def _make(self) -> tuple[dict[str, Any], dict[str, Any]]:
        self.made += 1
        task_id, chance = f"alice/{self.chance.randint(0, 99)}-{self.made}", self.chance
        due = None if chance.random() < 0.3 else self._time()
        name, status = chance.choice(["one", "two"]), chance.choice([TaskStatus.PENDING, TaskStatus.FAILED])
        task = {
            "_id": task_id, "owner": "alice", "name": name, "name_key": name,
            "tags": ["a"], "hold": None, "status": status,
            "next_run_at": due, "created_at": self._time(),
        }  # fmt: skip
        run = {
            "_id": f"{task_id}:1", "owner": "alice", "task": f"alice/{self.made % 2}", "task_name": name,
            "trigger": chance.choice(list(Trigger)), "status": chance.choice([S.RUNNING, S.COMPLETED, S.FAILED]),
            "begun": chance.random() < 0.5, "due_at": self._time(), "created_at": self._time(),
        }  # fmt: skip
        return task, run

    async def insert(self, count: int, *, stay: bool) -> None:
        """Insert so many tasks and runs."""
        made = [self._make() for _ in range(count)]
        for number, collection in enumerate(self.collections):
            rows = [pair[number] for pair in made]
            await collection.insert_many(rows)
            self.staying[number].extend(rows if stay else [])
            self.going += [] if stay else [(collection, row["_id"]) for row in rows]

    async def stir(self) -> None:
        """Insert a few rows, and delete some of those that come and go."""
        await self.insert(2, stay=False)
        for _ in range(3):
            collection, row_id = self.going.pop(self.chance.randrange(len(self.going)))
            await collection.delete_one({"_id": row_id})


_TASK_ORDERS = [order for order in TaskOrderField if order is not TaskOrderField.NAME]
"""The order by name has pages of its own (`tests/documents/test_name_pages.py`)."""
TASKS_AND_RUNS: list[tuple[Any, Callable[[Any], bool]]] = [
    (TaskCriteria(), lambda _: True),
    (TaskCriteria(statuses=[TaskStatus.FAILED]), lambda row: row["status"] == "FAILED"),
    (TaskCriteria(statuses=list(TaskStatus), name="on"), lambda row: row["name"] == "one"),
    (RunCriteria(), lambda _: True),
    (RunCriteria(statuses=[S.FAILED]), lambda row: row["status"] == "FAILED"),
    (RunCriteria(statuses=[S.QUEUED, S.FAILED]), lambda row: row["status"] == "FAILED" or _is_claimed(row)),
    (RunCriteria(statuses=[S.RUNNING]), lambda row: row["status"] == "RUNNING" and row["begun"]),
    (RunCriteria(task="alice/0"), lambda row: row["task"] == "alice/0"),
    (RunCriteria(trigger=Trigger.MANUAL), lambda row: row["trigger"] == "MANUAL"),
]


def _is_claimed(row: Any) -> bool:
    return bool(row["status"] == "RUNNING" and not row["begun"])


def _expected(rows: list[Any], field: str, *, descending: bool) -> list[str]:
    """Return the IDs in the order of the list: those without the field come last, by creation."""
    with_it = [row for row in rows if row[field] is not None]
    without = [row for row in rows if row[field] is None]
    with_it.sort(key=lambda row: (row[field], row["_id"]), reverse=descending)
    without.sort(key=lambda row: (row["created_at"], row["_id"]), reverse=descending)
    return [row["_id"] for row in with_it + without]


@pytest.mark.parametrize(("criteria", "matches"), TASKS_AND_RUNS)
@pytest.mark.parametrize("descending", [True, False])
async def test_pages_show_every_row_that_stays_once_while_rows_come_and_go(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    criteria: TaskCriteria | RunCriteria,
    matches: Callable[[Any], bool],
    descending: bool,
) -> None:
    monkeypatch.setattr(paging, "MAX_FILTERED", 20)  # some pages end early
    chance = random.Random(f"{criteria}{descending}")
    rows = _Rows(database, chance)
    await rows.insert(60, stay=True)
    await rows.insert(30, stay=False)
    orders: list[Any] = list(_TASK_ORDERS if isinstance(criteria, TaskCriteria) else RunOrderField)
    for order, forward in itertools.product(orders, (True, False)):
        query = _query(database, criteria, order, descending=descending)
        found = await _walk(query, chance.randint(1, 20), forward=forward, stir=rows.stir)
        assert len(found) == len(set(found))
        staying = rows.staying[0 if isinstance(criteria, TaskCriteria) else 1]
        expected = _expected([row for row in staying if matches(row)], order, descending=descending)
        assert [row_id for row_id in found if row_id in set(expected)] == expected


def _query(database: Database, criteria: Any, order: Any, *, descending: bool) -> KeysetQuery[Any]:
    if isinstance(criteria, TaskCriteria):
        return query_tasks(database, ALICE, criteria, order, descending=descending)
    return query_runs(database, ALICE, criteria, order, descending=descending)


@pytest.mark.parametrize(("criteria", "_"), TASKS_AND_RUNS)
async def test_every_range_is_one_of_an_index(database: Database, criteria: Any, _: Any) -> None:
    await _Rows(database, random.Random(1)).insert(60, stay=True)
    orders: list[Any] = list(_TASK_ORDERS if isinstance(criteria, TaskCriteria) else RunOrderField)
    for order in orders:
        query = _query(database, criteria, order, descending=True)
        for section in query.sections:
            for branch in section.branches:
                found = await section.collection.database.command(
                    "explain",
                    {"find": section.collection.name, "filter": Walk(section, True).index_range(branch, WINDOW)},
                )
                assert "IXSCAN" in str(found["queryPlanner"]["winningPlan"]), (section, branch)
