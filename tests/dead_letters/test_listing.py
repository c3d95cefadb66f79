"""The lists of dead letters and of replays, page by page."""

from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import add_dead_letters, at_host
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.dead_letters import store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.listing import query_dead_letters, query_replays
from tocsin.dead_letters.replays import ReplayRequest, create_replay
from tocsin.documents import Database, RunStatus, User
from tocsin.documents.keyset import KeysetQuery, encode_cursor
from tocsin.documents.paging import PageArguments, count_rows, fetch_page

DAY = timedelta(days=1)


@pytest.fixture
async def alice(database: Database) -> User:
    created_at = clock.now() - DAY
    return await User(id="alice", email="a@example.test", password="-", created_at=created_at).insert()


async def pages(query: KeysetQuery[Any], size: int = 2) -> list[list[str]]:
    """Return the ids of all pages, and check that the number of rows is known."""
    found, after = [], None
    while page := (await fetch_page(query, PageArguments(size, after, None, None))).rows:
        found.append([row["_id"] for row in page])
        after = encode_cursor(query, page[-1])
    assert (await count_rows(query)).number == sum(len(page) for page in found)
    return found


async def test_the_latest_failure_comes_first(database: Database, alice: User) -> None:
    task = await save_hourly_task(database)
    first, second, third = await add_dead_letters(database, task, 3)
    assert await pages(query_dead_letters(database, alice, DeadLetterFilter())) == [[third, second], [first]]


async def test_only_dead_letters_of_the_owner_are_listed(database: Database, alice: User) -> None:
    task, other = await save_hourly_task(database), await save_hourly_task(database, owner="bob")
    (mine, discarded) = await add_dead_letters(database, task, 2)
    await add_dead_letters(database, other, 1)
    await add_run(database, task.id, RunStatus.COMPLETED)
    await store.discard_runs(database, [discarded], clock.now())
    assert await pages(query_dead_letters(database, alice, DeadLetterFilter())) == [[mine]]


async def test_a_filter_and_its_times_apply(database: Database, alice: User) -> None:
    task = await save_hourly_task(database)
    run_ids = await add_dead_letters(database, task, 4, **at_host("a.test"))
    await add_dead_letters(database, task, 1, **at_host("b.test"))
    times = [(await load_run(database, run_id))["finished_at"] for run_id in run_ids]
    criteria = DeadLetterFilter(host="a.test", finished_after=times[1], finished_before=times[3])
    assert await pages(query_dead_letters(database, alice, criteria)) == [[run_ids[2], run_ids[1]]]


async def test_a_failure_from_before_the_users_creation_is_listed_too(database: Database, alice: User) -> None:
    """A restored account is newer than its runs: its creation is a hint of where they begin, and no bound."""
    task = await save_hourly_task(database)
    (old,) = await add_dead_letters(database, task, 1, finished_at=alice.created_at - 100 * DAY)
    assert await pages(query_dead_letters(database, alice, DeadLetterFilter())) == [[old]]


async def test_the_job_with_its_secrets_is_not_read(database: Database, alice: User) -> None:
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 1)
    query = query_dead_letters(database, alice, DeadLetterFilter())
    (row,) = (await fetch_page(query, PageArguments(1, None, None, None))).rows
    assert row["status"] == RunStatus.FAILED
    assert not {"job", "retry"} & set(row)


async def test_the_latest_replay_comes_first(database: Database, alice: User) -> None:
    now, request = clock.now(), ReplayRequest(DeadLetterFilter())
    created = [await create_replay(database, "alice", request, now - age * DAY) for age in (2, 0, 1)]
    await create_replay(database, "bob", request, now)
    oldest, latest, middle = (replay["_id"] for replay in created)
    assert await pages(query_replays(database, alice)) == [[latest, middle], [oldest]]
