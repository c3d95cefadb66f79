"""Pages of tasks by name."""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Database, TaskDocument, TaskStatus, User, name_pages
from tocsin.documents.name_pages import NameQuery, encode_name_cursor, fetch_name_page
from tocsin.documents.name_splits import PART_SIZE, NameRange, iterate_down, iterate_up, split_names
from tocsin.documents.paging import Page, PageArguments
from tocsin.errors import InvalidInput
from tocsin.tasks.listing import TaskCriteria, query_tasks_by_name

ALICE = User.model_construct(id="alice", created_at=clock.now() - timedelta(days=1))
names_of_lists = st.lists(st.text(alphabet="ab", max_size=4), max_size=400)


@given(names_of_lists, st.text(alphabet="ab", max_size=4), st.integers(1, 3))
def test_ranges_upwards_contain_each_name_from_a_place_on_once(names: list[str], low: str, parts: int) -> None:
    ranges = list(iterate_up(split_names(names), low, parts))
    assert ranges[0].low <= low
    assert ranges[-1].high is None
    assert all(one.high == two.low for one, two in itertools.pairwise(ranges))


@given(names_of_lists, st.none() | st.text(alphabet="ab", max_size=4), st.integers(1, 3))
def test_ranges_downwards_contain_each_name_from_a_place_on_once(
    names: list[str], high: str | None, parts: int
) -> None:
    ranges = list(iterate_down(split_names(names), high, parts))
    first = ranges[0].high
    assert first is None or (high is not None and first > high)
    assert ranges[-1].low == ""
    assert all(one.low == two.high for one, two in itertools.pairwise(ranges))


async def _store(database: Database, names: list[str]) -> list[tuple[str, str]]:
    """Store tasks with these names. Return the keys of all in order."""
    template = await save_hourly_task(database, name="template")
    document = await database.tasks.find_one({"_id": template.id})
    assert document is not None
    await database.tasks.delete_one({"_id": template.id})
    rows = [
        {**document, "_id": f"alice-{n:05}", "name": name, "name_key": name.casefold()} for n, name in enumerate(names)
    ]
    await database.tasks.insert_many(rows)  # type: ignore[arg-type]
    return sorted((name.casefold(), f"alice-{n:05}") for n, name in enumerate(names))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("forward", [False, True])
async def test_pages_contain_every_task_once_in_order(database: Database, descending: bool, forward: bool) -> None:
    chance = random.Random(1)
    names = [f"{chance.choice(['Task', 'tAsk', 'é', 'z'])} {chance.randint(0, 150):03}" for _ in range(600)]
    expected = await _store(database, names)
    query = query_tasks_by_name(database, ALICE, TaskCriteria(), descending=descending)
    found: list[tuple[str, str]] = []
    cursor, more = None, True
    while more:
        page = PageArguments(37, cursor, None, None) if forward else PageArguments(None, None, 37, cursor)
        got = await fetch_name_page(query, page)
        rows = [(row["name_key"], row["_id"]) for row in got.rows]
        found = found + rows if forward else rows + found
        more, cursor = (got.has_next, got.end_cursor) if forward else (got.has_previous, got.start_cursor)
    assert found == (expected[::-1] if descending else expected)


async def test_a_page_reads_few_tasks_however_many_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _store(database, [f"task {number:05}" for number in range(2000)])
    read: list[int] = []
    whole = name_pages._read

    async def counting(query: NameQuery[Any], part: NameRange, down: bool) -> list[Any]:
        rows = await whole(query, part, down)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(name_pages, "_read", counting)
    query = query_tasks_by_name(database, ALICE, TaskCriteria(), descending=False)
    middle = encode_name_cursor({"name_key": "task 01003", "_id": "alice-01003"})
    page = await fetch_name_page(query, PageArguments(50, middle, None, None))
    assert [row["name"] for row in page.rows] == [f"task {number:05}" for number in range(1004, 1054)]
    assert sum(read) <= 3 * PART_SIZE


async def test_a_page_with_a_filter_ends_after_many_excluded_tasks_and_goes_on(database: Database) -> None:
    await _store(database, [f"task {number:05}" for number in range(5000)])
    await database.tasks.update_one({"_id": "alice-04990"}, {"$set": {"status": TaskStatus.FAILED}})
    query = query_tasks_by_name(database, ALICE, TaskCriteria(statuses=[TaskStatus.FAILED]), descending=False)
    pages: list[Page[TaskDocument]] = []
    cursor = None
    while not pages or pages[-1].has_next:
        pages.append(await fetch_name_page(query, PageArguments(20, cursor, None, None)))
        cursor = pages[-1].end_cursor
    assert [len(page.rows) for page in pages][-1] == 1
    assert 2 <= len(pages) <= 4


async def test_tasks_that_were_added_since_the_names_were_looked_up_are_found(database: Database) -> None:
    await _store(database, [f"task {number:05}" for number in range(200)])
    query = query_tasks_by_name(database, ALICE, TaskCriteria(), descending=False)
    await fetch_name_page(query, PageArguments(10, None, None, None))
    for name in ("a", "task 00100 b", "zz"):
        await save_hourly_task(database, name=name)
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = await fetch_name_page(query, PageArguments(100, cursor, None, None))
        found, cursor = found + [row["name"] for row in page.rows], page.end_cursor
    assert len(found) == 203
    assert found == sorted(found)
    assert {"a", "task 00100 b", "zz"} <= set(found)


@pytest.mark.parametrize("cursor", ["", "x", "WzFd", "WyJuYW1lIiwgIlx1ZDgwMCIsICJhIl0=", "bnVsbA=="])
async def test_a_malformed_cursor_is_refused(database: Database, cursor: str) -> None:
    query = query_tasks_by_name(database, ALICE, TaskCriteria(), descending=False)
    with pytest.raises(InvalidInput, match="not a cursor of this list"):
        await fetch_name_page(query, PageArguments(10, cursor, None, None))
