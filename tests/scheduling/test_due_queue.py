"""One owner's flood of due tasks is late for that owner alone."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.harness import save_task
from tests.scheduling.passes import before, flood, in_loop, passes, runs_of, save_at, statuses
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run
from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents import Database, RunStatus, Task, TaskStatus, Trigger, connect_sync
from tocsin.schedules import Misfire, MisfirePolicy
from tocsin.scheduling import due_queue
from tocsin.scheduling.due_queue import DueQueue

S = RunStatus
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SLICE = 50


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_queue, "SLICE", SLICE)
    monkeypatch.setattr(due_queue, "MIN_SLICE", SLICE)


@pytest.fixture
async def due(database: Database) -> AsyncIterator[DueQueue]:
    """The due queue of a database."""
    opened = connect_sync(database.uri, database.name)
    yield DueQueue(opened["tasks"], opened["runs"])
    opened.client.close()


async def test_while_there_is_work_only_new_due_times_are_read(database: Database, due: DueQueue) -> None:
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    due.refresh(now)
    assert len(due) == SLICE + 10
    due.take_slice(now)
    task = await save_at(database, now - 5 * SECOND)
    due.refresh(now + MILLISECOND)
    assert len(due) == 10
    due.expect_due(now - 5 * SECOND)
    due.refresh(now + 2 * MILLISECOND)
    assert len(due) == 11
    assert task.id in [found["_id"] for found in due.take_slice(now)[0]]


async def test_beyond_the_room_only_those_are_served_who_have_missed_turns(database: Database, due: DueQueue) -> None:
    now = clock.now()
    await flood(database, 30, now - 10 * SECOND)
    due.refresh(now)
    assert len(due.take_slice(now, 20)[0]) == 20
    assert due.take_slice(now, 0) == ([], [])
    task = await save_at(database, now + MILLISECOND)
    due.refresh(now + MILLISECOND)
    tasks, _ = due.take_slice(now + MILLISECOND, 0)
    assert [found["_id"] for found in tasks] == [task.id]
    assert len(due) == 10


@pytest.mark.parametrize("room", [0, 10, None])
async def test_a_slice_is_bounded_also_while_many_have_missed_turns(
    database: Database, due: DueQueue, room: int | None
) -> None:
    now = clock.now()
    await flood(database, 30, now - 10 * SECOND)
    due.refresh(now)
    assert len(due.take_slice(now, 20)[0]) == 20
    owners = {f"owner{number}" for number in range(SLICE + 5)}
    for owner in owners:
        await flood(database, 1, now + MILLISECOND, owner=owner)
    due.refresh(now + MILLISECOND)
    first, _ = due.take_slice(now + MILLISECOND, room)
    assert (len(first), {task["owner"] for task in first} <= owners) == (SLICE, True)
    second, _ = due.take_slice(now + MILLISECOND, room)
    assert owners <= {task["owner"] for task in (*first, *second)}


async def test_what_is_due_of_one_owner_is_ordered_by_priority_which_ages(database: Database, due: DueQueue) -> None:
    now = clock.now()
    long_ago = now - 10 * MINUTE - 5 * SECOND
    low, middle = await flood(database, 3, long_ago, priority=-10), await flood(database, 5, now - 10 * SECOND)
    old, high = await flood(database, 1, long_ago), await flood(database, 1, now - SECOND, priority=10)
    retry = await add_run(
        database, middle[0], S.RETRY, trigger=Trigger.MANUAL, retry_at=now - SECOND, priority=9, _id="mallory/urgent"
    )
    due.refresh(now)
    chosen = []
    while len(due):
        tasks, retries = due.take_slice(now, 1)
        chosen += [found["_id"] for found in (*tasks, *retries)]
    assert chosen == [*old, *high, retry, *sorted(middle), *sorted(low)]


async def test_everything_is_read_again_after_a_while_or_once_nothing_is_left(
    database: Database, due: DueQueue
) -> None:
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    due.refresh(now)
    due.take_slice(now)
    due.refresh(now + due_queue.FULL_READ_INTERVAL)
    assert len(due) == 10
    due.refresh(now + due_queue.FULL_READ_INTERVAL + MILLISECOND)
    assert len(due) == SLICE + 10  # those that were taken were not fired
    while len(due):
        due.take_slice(now)
    due.refresh(now)
    assert len(due) == SLICE + 10


async def test_everything_is_read_again_later_while_much_is_due(
    database: Database, due: DueQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "FULL_READ_STEP", 5)
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    due.refresh(now)
    due.take_slice(now)
    due.refresh(now + 2 * due_queue.FULL_READ_INTERVAL)
    assert len(due) == 10
    due.refresh(now + 2 * due_queue.FULL_READ_INTERVAL + MILLISECOND)
    assert len(due) == SLICE + 10


async def test_a_read_is_fresh_for_a_moment_unless_something_was_written_that_is_due(due: DueQueue) -> None:
    now = clock.now()
    assert not due.is_fresh(now)
    due.refresh(now)
    due.expect_due(now + SECOND)
    assert due.is_fresh(now + due_queue.HELD_READ_INTERVAL - MILLISECOND)
    assert not due.is_fresh(now + due_queue.HELD_READ_INTERVAL)
    assert not due.is_fresh(now - due_queue.HELD_READ_INTERVAL)  # the clock was set back
    due.expect_due(now)
    assert not due.is_fresh(now)


async def test_a_limited_number_of_one_owner_is_queued(
    database: Database, due: DueQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "MAX_PER_OWNER", 20)
    now = clock.now()
    await flood(database, 30, now - 10 * SECOND)
    await save_at(database, now)
    due.refresh(now)
    assert len(due) == 21


async def test_a_task_that_is_no_longer_due_is_left_out(database: Database, due: DueQueue) -> None:
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    due.refresh(now)
    due.take_slice(now)  # the first ones are read at once, the others when their turn comes
    await database.tasks.update_many({"owner": "mallory"}, {"$set": {"next_run_at": now + HOUR}})
    assert due.take_slice(now) == ([], [])
    assert len(due) == 0


async def test_a_slice_is_bounded_by_the_open_runs_of_its_tasks(
    database: Database, due: DueQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "MAX_SLICE_OPEN_RUNS", 5)
    now = clock.now()
    for number, open_runs in enumerate((9, 3, 2, 1)):
        active = [{"run": f"{number}:{run}", "shows": TaskStatus.RUNNING} for run in range(open_runs)]
        task = await save_at(database, now - (10 - number) * SECOND)
        await database.tasks.update_one({"_id": task.id}, {"$set": {"active": active}})
    due.refresh(now)
    sizes = []
    while len(due):
        sizes.append([len(task["active"]) for task in due.take_slice(now)[0]])
    assert sizes == [[9], [3, 2], [1]]


async def test_slices_shrink_and_grow_by_a_half_while_the_scheduler_is_late(
    database: Database, due: DueQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "MIN_SLICE", 10)
    now = clock.now()
    await flood(database, 60, now - 10 * SECOND)
    due.refresh(now)
    due.take_slice(now)
    sizes = []
    for seconds, count in ((9.0, 50), (9.0, 24), (9.0, 25), (9.0, 12), (0.1, 10), (0.15, 15), (0.0, 15), (0.0, 22)):
        due.adapt_slice_size(seconds, count)
        sizes.append(due.slice_size)
    assert sizes == [25, 25, 12, 10, 15, 15, 22, 33]  # a slice that was not full says nothing
    assert due.take_slice(now, 0) == ([], [])
    due.adapt_slice_size(0.0, 0)
    assert due.slice_size == 33  # neither does an empty one
    due.take_slice(now - 9.5 * SECOND)  # not late any more
    due.adapt_slice_size(9.0, 10)
    assert due.slice_size == SLICE


async def test_the_next_due_time_is_that_of_a_task_or_of_a_retry(database: Database, due: DueQueue) -> None:
    now = clock.now()
    assert due.find_next_due(now) == now + 30 * SECOND
    task = await save_at(database, now + 40 * SECOND)
    assert due.find_next_due(now) == now + 30 * SECOND
    await save_at(database, now + 20 * SECOND)
    assert due.find_next_due(now) == now + 20 * SECOND
    await add_run(database, task.id, S.RETRY, retry_at=now + 10 * SECOND)
    assert due.find_next_due(now) == now + 10 * SECOND
    assert due.find_next_due(now + 15 * SECOND) == now + 10 * SECOND  # already due: at once


async def test_a_task_does_not_wait_for_a_flood_of_another_owner(database: Database) -> None:
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    task = await save_at(database, now - SECOND)
    async with passes(database) as made:
        first = [job.id for job, _ in zip(made.store.get_due_jobs(now), range(3), strict=False)]
    assert task.id in first


async def test_a_task_that_becomes_due_meanwhile_comes_before_the_rest_of_a_flood(database: Database) -> None:
    """A pass, however long, reads again after each slice, including what is already due when written."""
    ids = await flood(database, 2 * SLICE + 10, clock.now() - 10 * SECOND)
    saved: list[Task] = []

    async def save() -> None:
        saved.append(await save_at(database, clock.now() - 5 * SECOND))

    async with passes(database) as made:
        before(made, "_hand_over", in_loop(save))
        before(made, "_advance", lambda: made.store.expect_due(clock.now() - 5 * SECOND))
        await made.make()
    (run,) = await runs_of(database, saved[0].id)
    later = await database.runs.count_documents({"owner": "mallory", "created_at": {"$gt": run["created_at"]}})
    assert later >= 10
    assert await database.runs.count_documents({"task": {"$in": ids}}) == len(ids)


async def test_a_slice_is_bounded_by_the_runs_that_tasks_become(database: Database) -> None:
    """A catch-up of a thousand runs for each task neither fills memory nor delays others."""
    due = clock.now() - 400 * HOUR
    await flood(database, 6, due, misfire=Misfire(MisfirePolicy.RUN_ALL, max_runs=30))
    task = await save_at(database, clock.now() - SECOND)
    sizes: list[int] = []
    async with passes(database) as made:
        original = made.firer._claim

        def noting(firings: Any, now: datetime) -> Any:
            sizes.append(sum(len(firing.runs) for firing in firings))
            return original(firings, now)

        made.firer._claim = noting  # type: ignore[method-assign]
        await made.make()
    assert (sum(sizes), max(sizes) <= SLICE + 31) == (6 * 31 + 1, True)
    assert len(await runs_of(database, task.id)) == 1


async def test_an_owner_whose_tasks_became_many_runs_comes_after_others(database: Database) -> None:
    await flood(database, 8, clock.now() - 400 * HOUR, misfire=Misfire(MisfirePolicy.RUN_ALL, max_runs=30))
    tasks = [await save_at(database, clock.now() - SECOND) for _ in range(5)]
    async with passes(database) as made:
        await made.make()
    ended = [(await runs_of(database, task.id))[0]["created_at"] for task in tasks]
    last = await database.runs.find({"owner": "mallory"}).sort("created_at", -1).to_list(1)
    assert max(ended) < last[0]["created_at"]


async def test_a_retry_gives_way_though_its_task_is_fired_in_a_later_slice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "SLICE", 1)
    task = await save_at(database, clock.now() - SECOND)
    retrying = await add_run(database, task.id, S.RETRY, retry_at=clock.now() - 2 * SECOND)
    async with passes(database) as made:
        await made.make()
    assert statuses([await load_run(database, retrying)]) == [("FAILED", "GAVE_WAY")]


async def test_a_retry_does_not_wait_for_a_flood_of_retries_of_another_owner(database: Database) -> None:
    now = clock.now()
    theirs = await save_task(database, AWAY, schedules.Once(now + HOUR), owner="mallory")
    row = await load_run(database, await add_run(database, theirs.id, S.RETRY, retry_at=now - 10 * SECOND))
    copies = [row | {"_id": f"{row['_id']}-{number}"} for number in range(SLICE + 10)]
    await database.runs.insert_many(copies)
    task = await save_task(database, AWAY, schedules.Once(now + HOUR))
    retry = await add_run(database, task.id, S.RETRY, retry_at=now - SECOND)
    async with passes(database) as made:
        first_ids = [job.id for job, _ in zip(made.store.get_due_jobs(now), range(3), strict=False)]
    assert retry in first_ids
