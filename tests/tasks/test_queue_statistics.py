"""Counts of a queue's runs, of one owner and of all."""

from datetime import timedelta

from tests.tasks.helpers import HOUR, add_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus
from tocsin.tasks.queue_statistics import QueueStatistics


async def test_waiting_and_running_runs_are_counted_for_an_owner_and_for_all(database: Database) -> None:
    for owner, statuses in (
        ("alice", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED]),
        ("bob", [RunStatus.QUEUED]),
    ):
        task = await save_hourly_task(database, owner=owner)
        for number, status in enumerate(statuses, 1):
            await add_run(database, task.id, status, ago=number * HOUR)
    counts = [
        (await stats.count_waiting("default"), await stats.count_running("default"))
        for stats in (QueueStatistics(database, who) for who in ("alice", "bob", "carol", None))
    ]
    assert counts == [(1, 1), (1, 0), (0, 0), (2, 1)]
    assert await QueueStatistics(database, None).count_waiting("other") == 0


async def test_a_claimed_run_waits_until_its_attempt_begins(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_run(database, task.id, RunStatus.RUNNING, begun=False)
    stats = QueueStatistics(database, "alice")
    assert (await stats.count_waiting("default"), await stats.count_running("default")) == (1, 0)


async def test_the_oldest_is_the_run_that_was_queued_first(database: Database) -> None:
    task = await save_hourly_task(database)
    stats = QueueStatistics(database, "alice")
    assert await stats.find_oldest_queued_at("default") is None
    for hours in (1, 3, 2):
        await add_run(database, task.id, RunStatus.QUEUED, ago=hours * HOUR)
    oldest = await stats.find_oldest_queued_at("default")
    assert oldest is not None
    assert timedelta(hours=2, minutes=59) < clock.now() - oldest


async def test_the_oldest_can_be_a_claimed_run_that_has_not_begun(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_run(database, task.id, RunStatus.RUNNING, ago=3 * HOUR)
    claimed = await add_run(database, task.id, RunStatus.RUNNING, ago=2 * HOUR, begun=False)
    run = await database.runs.find_one({"_id": claimed})
    assert run is not None
    assert await QueueStatistics(database, "alice").find_oldest_queued_at("default") == run["queued_at"]
    assert await QueueStatistics(database, "bob").find_oldest_queued_at("default") is None


async def test_recent_attempts_are_those_that_live_workers_report(database: Database) -> None:
    now = clock.now()
    ended = [["default", "alice", 3], ["default", "bob", 4], ["fast", "alice", 5]]
    await database.workers.insert_many(
        [
            {"_id": "live", "until": now + HOUR, "lease": 7200.0, "ended": ended},
            {"_id": "quiet", "until": now + HOUR, "lease": 7200.0},
            {"_id": "dead", "until": now - HOUR, "lease": 15.0, "ended": ended},
        ]
    )
    found = [
        await QueueStatistics(database, who).count_recent_attempts("default", now) for who in ("alice", "bob", None)
    ]
    assert found == [3, 4, 7]
