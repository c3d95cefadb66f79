"""Statistics equal the runs that are stored: as they end, after a crash, and for runs from before they were counted."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import TargetServer, run_stack, save_task, wait_until
from tests.statistics.samples import HOUR, T0, count_statuses, ended_run, stored_statuses
from tocsin import clock, schedules
from tocsin.documents import Database, RunStatus
from tocsin.documents.changes import lost_changes
from tocsin.documents.history import begin_history_at
from tocsin.maintenance import statistics_keeper
from tocsin.maintenance.statistics_keeper import StatisticsKeeper
from tocsin.statistics.meter import OwnerHour, StatisticsMeter
from tocsin.statistics.service import Statistics
from tocsin.statistics.tally import HOUR_MS, task_scope
from tocsin.tasks import lifecycle, runs
from tocsin.tasks.retry_policy import RetryPolicy

KEPT, SOON = timedelta(days=16), timedelta(seconds=1)
ONCE = RetryPolicy(0, (timedelta(0),))


def keeper_of(database: Database, statistics: Statistics) -> StatisticsKeeper:
    """Return a keeper that takes no rest between recounts."""
    return StatisticsKeeper(database, statistics, KEPT)


async def save_alice(database: Database) -> None:
    """Store a user, whose statistics a sweep looks at."""
    user = {"_id": "alice", "email": "a@example.test", "created_at": clock.now() - KEPT}
    await database.users.insert_one(user)  # type: ignore[arg-type]


async def count_recent(statistics: Statistics, scope: str | None = None) -> dict[str, int]:
    """Return the numbers of alice's runs by status that are counted of this hour and the last."""
    now = clock.epoch_milliseconds(clock.now()) // HOUR_MS
    total: dict[str, int] = {}
    for hour in (now - 1, now):
        found = await count_statuses(statistics, scope or "-", OwnerHour("alice", hour))
        total = {status: total.get(status, 0) + found.get(status, 0) for status in {*total, *found}}
    return total


async def test_the_counts_equal_the_runs_of_a_burst(database: Database, target: TargetServer) -> None:
    target.script.extend([500] * 5)
    async with run_stack(database) as stack:
        for _ in range(60):
            await save_task(database, f"{target.url}/", retry=ONCE)

        async def all_counted() -> bool:
            return sum((await count_recent(stack.statistics)).values()) == 60

        await wait_until(all_counted)
        assert await count_recent(stack.statistics) == {"COMPLETED": 55, "FAILED": 5}
    assert await count_recent(Statistics(database)) == {"COMPLETED": 55, "FAILED": 5}, "a stop stores what was counted"


async def test_a_retry_by_a_person_moves_a_run_from_the_failed_to_the_completed(
    database: Database, target: TargetServer
) -> None:
    target.script.append(500)
    async with run_stack(database) as stack:
        every = schedules.Every(timedelta(hours=1), clock.now() + SOON)
        task = await save_task(database, f"{target.url}/", every, retry=ONCE)
        (run,) = await stack.wait_for_runs(task.id, "FAILED")

        async def reached(expected: dict[str, int]) -> bool:
            return await count_recent(stack.statistics, task_scope(task.id)) == expected

        await wait_until(lambda: reached({"FAILED": 1}))
        await runs.retry_run(database, "alice", run["_id"], clock.now(), None)
        stack.wakeups.runs_queued()
        await wait_until(lambda: reached({"COMPLETED": 1}))
        outcomes = (await stack.statistics.read_outcomes([task.id]))[task.id]
        assert [(one["r"], one["s"]) for one in outcomes] == [(run["_id"], "COMPLETED")]


async def test_cancelled_runs_are_counted(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        target.script.append(500)
        hourly = schedules.Every(timedelta(hours=1), clock.now() + SOON)
        task = await save_task(database, f"{target.url}/", hourly, retry=RetryPolicy(2, (timedelta(hours=1),)))
        await stack.wait_for_runs(task.id, "RETRY")
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        await stack.wait_for_runs(task.id, "CANCELLED")

        async def counted() -> bool:
            return await count_recent(stack.statistics) == {"CANCELLED": 1}

        await wait_until(counted)


async def test_what_a_crash_lost_is_counted_at_the_next_start(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save_alice(database)
    with monkeypatch.context() as patch:
        patch.setattr(StatisticsMeter, "count_ends", lambda *_: None)
        patch.setattr(StatisticsMeter, "note_changes", lambda *_: None)
        async with run_stack(database) as stack:
            task = await save_task(database, f"{target.url}/")
            await stack.wait_for_runs(task.id, "COMPLETED")
    statistics = Statistics(database)
    assert await count_recent(statistics) == {}
    await keeper_of(database, statistics).sweep()
    assert await count_recent(statistics) == {"COMPLETED": 1}


async def test_the_first_sweep_counts_the_history_and_later_ones_what_is_recent(database: Database) -> None:
    await save_alice(database)
    now = clock.now()
    times = [now - timedelta(days=days) for days in (0, 1, 7, 9, 15)]
    await database.runs.insert_many([ended_run(number, due_at=at) for number, at in enumerate(times)])
    statistics = Statistics(database)
    await keeper_of(database, statistics).sweep()
    hours = [OwnerHour("alice", clock.epoch_milliseconds(at) // HOUR_MS) for at in times]
    for hour in hours:
        assert await count_statuses(statistics, hour=hour) == {"COMPLETED": 1}
    await database.runs.update_many({"owner": "alice"}, {"$set": {"status": RunStatus.FAILED}})
    await keeper_of(database, statistics).sweep()
    found = [await count_statuses(statistics, hour=hour) for hour in hours]
    assert found == [{"FAILED": 1}] * 3 + [{"COMPLETED": 1}] * 2


async def test_a_sweep_leaves_hours_whose_history_is_deleted(database: Database) -> None:
    await save_alice(database)
    due_at = clock.now() - timedelta(days=2)
    statistics = Statistics(database)
    statistics.meter.count_ends([ended_run(due_at=due_at)])
    await begin_history_at(database, "alice", clock.now() - timedelta(days=1))
    await keeper_of(database, statistics).sweep()
    hour = OwnerHour("alice", clock.epoch_milliseconds(due_at) // HOUR_MS)
    assert await count_statuses(statistics, hour=hour) == {"COMPLETED": 1}


async def test_a_sweep_is_due_once_a_day_and_when_changes_were_lost(database: Database) -> None:
    await save_alice(database)
    statistics = Statistics(database)
    keeper = keeper_of(database, statistics)
    await keeper.sweep()
    due_at = clock.now()
    hour = OwnerHour("alice", clock.epoch_milliseconds(due_at) // HOUR_MS)
    await database.runs.insert_one(ended_run(due_at=due_at))
    await keeper.sweep()
    assert await count_statuses(statistics, hour=hour) == {}
    statistics.meter.note_changes([lost_changes(clock.now())])
    await keeper.sweep()
    assert await count_statuses(statistics, hour=hour) == {"COMPLETED": 1}


async def test_an_hour_rests_after_it_was_counted_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = Statistics(database)
    keeper = keeper_of(database, statistics)
    await database.runs.insert_one(ended_run())
    monkeypatch.setattr(statistics_keeper, "_REST", 10_000)
    statistics.meter.marked.add(HOUR)
    await keeper.store()
    assert await stored_statuses(database, "alice") == await count_statuses(statistics)
    await database.runs.insert_one(ended_run(2, due_at=T0 + timedelta(minutes=1)))
    statistics.meter.marked.add(HOUR)
    await keeper.store()
    assert await count_statuses(statistics) == {"COMPLETED": 1}
    assert statistics.meter.marked == {HOUR}


async def test_counts_of_tasks_are_stored_once_a_minute(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = Statistics(database)
    keeper: Any = keeper_of(database, statistics)
    await keeper.store()
    statistics.meter.count_ends([ended_run()])
    await keeper.store()
    assert await count_statuses(Statistics(database)) == {"COMPLETED": 1}
    assert await count_statuses(Statistics(database), task_scope("alice/t1")) == {}
    monkeypatch.setattr(keeper, "_groups_at", -1_000.0)
    await keeper.store()
    assert await count_statuses(Statistics(database), task_scope("alice/t1")) == {"COMPLETED": 1}
