"""The view of the queued runs over the real database: complete, in order, and read again only as far as needed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import clock
from tocsin.dispatch.backlog import FULL_READ_INTERVAL, Backlog
from tocsin.documents import Database, RunStatus

SECOND = timedelta(seconds=1)


def run(number: int, rank: int | None = None, lane: str | None = "a", owner: str = "alice") -> Any:
    return {"_id": f"r{number}", "owner": owner, "rank": number if rank is None else rank, "lane": lane}


def first_runs(backlog: Backlog) -> list[Any]:
    return [lane.first() for lane in backlog.lanes.values()]


def ids(backlog: Backlog) -> set[str]:
    return {each["_id"] for each in first_runs(backlog)}


# --- runs that change -----------------------------------------------------------------------------------------------


def test_a_changed_run_stands_in_its_new_lane_at_its_new_rank() -> None:
    backlog = Backlog()
    backlog.add_runs([run(1), run(2)])
    backlog.add_runs([run(1, rank=9), run(2, rank=3, lane="b")])
    assert len(backlog) == 2
    assert first_runs(backlog) == [run(1, rank=9), run(2, rank=3, lane="b")]
    backlog.discard_runs(first_runs(backlog))
    assert (backlog.lanes, len(backlog)) == ({}, 0)


def test_a_run_without_a_lane_stands_in_its_owners() -> None:
    backlog = Backlog()
    backlog.add_runs([run(1, lane=None)])
    assert list(backlog.lanes) == ["alice"]


# --- reading --------------------------------------------------------------------------------------------------------


async def add_queued(database: Database, task_id: str, minutes: int, **changes: Any) -> str:
    return await add_run(database, task_id, RunStatus.QUEUED, ago=timedelta(minutes=minutes), **changes)


async def test_only_runs_that_are_ready_are_read(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_run(database, task.id, RunStatus.RUNNING)
    await add_queued(database, task.id, 3, blocked=True, rank=None, ready_at=None)
    ready = await add_queued(database, task.id, 1)
    backlog = Backlog()
    await backlog.refresh(database, clock.now())
    assert (ids(backlog), len(backlog)) == ({ready}, 1)


async def test_a_refresh_finds_what_became_ready_since_and_nothing_twice(database: Database) -> None:
    task = await save_hourly_task(database)
    first = await add_queued(database, task.id, 2)
    backlog, now = Backlog(), clock.now()
    await backlog.refresh(database, now)
    second = await add_queued(database, task.id, 1)
    await backlog.refresh(database, now + SECOND)
    (lane,) = backlog.lanes.values()
    assert [lane.pop()["_id"], lane.pop()["_id"], lane.peek()] == [first, second, None]


async def test_a_run_taken_by_another_process_is_forgotten_by_the_next_full_read(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_queued(database, task.id, 2)
    backlog, now = Backlog(), clock.now()
    await backlog.refresh(database, now)
    await database.runs.update_one({"_id": run_id}, {"$set": {"status": "RUNNING"}})
    await backlog.refresh(database, now + FULL_READ_INTERVAL)
    assert ids(backlog) == {run_id}
    await backlog.refresh(database, now + FULL_READ_INTERVAL + SECOND)
    assert ids(backlog) == set()


@pytest.mark.parametrize("cause", ["invalidated", "the clock was set back"])
async def test_everything_is_read_again_when_the_view_may_be_wrong(database: Database, cause: str) -> None:
    task = await save_hourly_task(database)
    await add_queued(database, task.id, 1)
    backlog, now = Backlog(), clock.now()
    await backlog.refresh(database, now)
    old = await add_queued(database, task.id, 60)  # by a process whose clock is behind
    await backlog.refresh(database, now)
    assert len(backlog) == 1
    if cause == "invalidated":
        backlog.invalidate()
    await backlog.refresh(database, now if cause == "invalidated" else now - SECOND)
    assert (len(backlog), ids(backlog)) == (2, {old})


async def test_a_run_that_is_stored_later_than_it_became_ready_is_found_by_a_read_that_looks_back(
    database: Database,
) -> None:
    task = await save_hourly_task(database)
    now = clock.now()
    first = await add_queued(database, task.id, 1, ready_at=now)
    backlog = Backlog()
    await backlog.refresh(database, now)
    late = await add_queued(database, task.id, 2, ready_at=now - SECOND / 2)
    same = await add_queued(database, task.id, 3, ready_at=now)
    await backlog.refresh(database, now)
    assert set(backlog._lane_of) == {first, same}
    await backlog.refresh(database, now + 20 * SECOND)  # sooner than the next full read
    assert set(backlog._lane_of) == {first, same, late}


async def test_a_ready_time_of_the_future_hides_no_later_run(database: Database) -> None:
    task = await save_hourly_task(database)
    now = clock.now()
    await add_queued(database, task.id, 2, ready_at=now + timedelta(hours=2))  # queued before the clock was set back
    backlog = Backlog()
    await backlog.refresh(database, now)
    await add_queued(database, task.id, 1, ready_at=now)
    await backlog.refresh(database, now)
    assert len(backlog) == 2
