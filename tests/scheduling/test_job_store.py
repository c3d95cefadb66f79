"""The store and the executor that APScheduler uses."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.harness import Stack, run_stack, save_task, wait_until
from tests.scheduling.passes import due_task, passes, runs_of, save_at, started
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run, load_task
from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents import Database, RunStatus, Trigger
from tocsin.scheduling import due_queue, pace
from tocsin.scheduling.due_queue import DueQueue
from tocsin.scheduling.fire_batch import BatchFirer
from tocsin.scheduling.job_store import CATCH_UP_INTERVAL, DueJobExecutor

S = RunStatus
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("part", "method", "times"),
    [
        (DueQueue, "refresh", 2),
        (DueQueue, "take_slice", 2),
        (DueQueue, "find_next_due", 2),
        (BatchFirer, "_find_open_runs", 2),
        (BatchFirer, "_claim", 2),
        (BatchFirer, "_insert", 2),
        (BatchFirer, "_advance", 2),
        (BatchFirer, "_hand_over", 1),  # the tasks have advanced, so they are not due again
        (BatchFirer, "queue_due_retries", 2),
    ],
)
async def test_a_fault_anywhere_in_a_pass_loses_and_doubles_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, part: type, method: str, times: int
) -> None:
    task = await due_task(database)
    retrying = await save_task(database, AWAY, schedules.Once(clock.now() + HOUR))
    retry = await add_run(database, retrying.id, S.RETRY, retry_at=clock.now(), trigger=Trigger.MANUAL)
    original, faults = getattr(part, method), [AutoReconnect("the database does not answer") for _ in range(times)]

    def fail_at_first(*arguments: Any) -> Any:
        if faults:
            raise faults.pop()
        return original(*arguments)

    monkeypatch.setattr(part, method, fail_at_first)
    async with run_stack(database, schedule=False) as stack, started(stack.scheduler):

        async def through() -> bool:
            stack.scheduler._passes.wakeup()
            is_requeued = (await load_run(database, retry))["status"] != S.RETRY
            return not faults and is_requeued and bool(await runs_of(database, task.id))

        await wait_until(through)
        await wait_until(lambda: is_healthy(stack))
    assert len(await runs_of(database, task.id)) == 1
    assert task.next_run_at is not None
    assert (await load_task(database, task.id))["next_run_at"] == task.next_run_at + HOUR


async def is_healthy(stack: Stack) -> bool:
    return stack.scheduler.is_healthy


async def test_removing_a_job_never_deletes_a_task(database: Database) -> None:
    task = await due_task(database)
    async with passes(database) as made:
        await asyncio.to_thread(made.store.remove_job, task.id)
        await asyncio.to_thread(made.store.remove_all_jobs)
        jobs = await asyncio.to_thread(made.store.get_all_jobs)
        found = await asyncio.to_thread(made.store.lookup_job, task.id)
        assert await asyncio.to_thread(made.store.lookup_job, "alice/unknown") is None
    assert [job.id for job in jobs] == [task.id]
    assert found is not None
    assert found.next_run_time == task.next_run_at


async def test_a_slice_is_fired_before_the_next_one_is_chosen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "SLICE", 1)
    first, second = await save_at(database, clock.now() - 2 * SECOND), await save_at(database, clock.now() - SECOND)
    async with passes(database) as made:
        made.store._due.slice_size = 1
        executor, jobs = DueJobExecutor(made.store), made.store.get_due_jobs(clock.now())
        for task in (first, second):
            job = await asyncio.to_thread(next, jobs)
            assert job.id == task.id
            executor.submit_job(job, job._get_run_times(clock.now()))
            assert await runs_of(database, task.id) == []
        assert len(await runs_of(database, first.id)) == 1
        assert await asyncio.to_thread(next, jobs, None) is None
    assert len(await runs_of(database, second.id)) == 1


async def test_a_job_that_is_not_submitted_stays_due(database: Database) -> None:
    task = await due_task(database)
    async with passes(database) as made:
        jobs = await asyncio.to_thread(list, made.store.get_due_jobs(clock.now()))
        assert [job.id for job in jobs] == [task.id]
        await asyncio.to_thread(made.store.get_next_run_time)
        assert await runs_of(database, task.id) == []
        await made.make()
    assert len(await runs_of(database, task.id)) == 1


async def test_a_pass_that_breaks_off_leaves_its_slice_to_the_next_one(database: Database) -> None:
    tasks = [await save_at(database, clock.now() - number * SECOND) for number in (3, 2, 1)]
    async with passes(database) as made:
        assert await asyncio.to_thread(next, made.store.get_due_jobs(clock.now()))
        await made.make()
    assert [len(await runs_of(database, task.id)) for task in tasks] == [1, 1, 1]


async def test_the_store_sleeps_until_the_next_due_time(database: Database) -> None:
    soon = clock.now() + 20 * SECOND
    await save_at(database, soon)
    async with passes(database) as made:
        assert made.store.sleeps_until is None
        await made.make()
        assert made.store.sleeps_until == soon


async def test_while_the_workers_have_no_room_tasks_stay_due_and_the_next_pass_is_soon(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "FIRST_AHEAD", pace.MIN_AHEAD)
    tasks = [await save_at(database, clock.now() - SECOND) for _ in range(3)]
    async with passes(database, room=9) as made:
        made.in_flight.note_submitted(made.in_flight.limiter.limits.prefetch)
        await made.make()
        assert [await runs_of(database, task.id) for task in tasks] == [[], [], []]
        assert made.store.sleeps_until is not None
        assert made.store.sleeps_until <= clock.now() + CATCH_UP_INTERVAL
        made.in_flight.note_submitted(-made.in_flight.limiter.limits.prefetch)
        await made.make()
    assert [len(await runs_of(database, task.id)) for task in tasks] == [1, 1, 1]


async def test_while_the_workers_have_no_room_due_tasks_are_seldom_read_but_at_once_after_news_or_with_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_queue, "HELD_READ_INTERVAL", HOUR)
    monkeypatch.setattr(pace, "WINDOW_SECONDS", 3_600.0)
    tasks = [await due_task(database)]
    async with passes(database, room=9) as made:
        made.in_flight.note_submitted(made.in_flight.limiter.limits.prefetch)
        lengths = []
        for news in (False, False, True, False):
            if news:
                made.store.expect_due(clock.now() - HOUR)
            await made.make()
            lengths.append(len(made.store._due))
            tasks.append(await save_at(database, clock.now() + MILLISECOND))
        assert lengths == [1, 1, 3, 3]
        made.in_flight.note_submitted(-made.in_flight.limiter.limits.prefetch)
        await made.make()
    assert [len(await runs_of(database, task.id)) for task in tasks] == [1] * 5


async def test_beside_other_processes_nothing_stays_due(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await due_task(database)
    async with passes(database, room=9) as made:
        monkeypatch.setattr(made.store, "_partitions", Shared())
        made.in_flight.note_submitted(made.in_flight.limiter.limits.prefetch)
        await made.make()
    assert len(await runs_of(database, task.id)) == 1


class Shared:
    is_alone = False


async def test_tasks_are_not_added_as_jobs(database: Database) -> None:
    paused = await due_task(database)
    await database.tasks.update_one({"_id": paused.id}, {"$set": {"next_run_at": None}})
    async with passes(database) as made:
        with pytest.raises(TypeError, match="tasks are saved as documents"):
            made.store.add_job(None)
        job = await asyncio.to_thread(made.store.lookup_job, paused.id)
        assert job is not None
        assert job._get_run_times(clock.now()) == []
