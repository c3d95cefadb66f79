"""Ends of runs are counted once, whoever stores them, and counted again where a run ends twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.statistics.samples import HOUR, T0, count_statuses, ended_run
from tocsin import clock
from tocsin.documents import Change, ChangeKind, Database, RunStatus
from tocsin.statistics import recount, store
from tocsin.statistics.meter import MAX_OUTCOMES, OwnerHour
from tocsin.statistics.service import Statistics
from tocsin.statistics.store import MINUTES_KEPT, Cell
from tocsin.statistics.tally import ALL, HOUR_MS, MINUTE_MS, queue_scope, task_scope, workflow_scope

TASK = task_scope("alice/t1")


def ended(run: Any, kind: ChangeKind = ChangeKind.RUN_UPDATED) -> Change:
    """Return the change that tells of the end of a run."""
    return Change(kind, clock.now(), run["task"], run["_id"], None, RunStatus(run["status"]))


async def test_an_end_is_counted_for_its_owner_its_queue_and_its_task(database: Database) -> None:
    statistics = Statistics(database)
    statistics.meter.count_ends(
        [ended_run(1), ended_run(2, "FAILED", queue="slow"), ended_run(3, open=True, status="RETRY")]
    )
    for _ in ("in memory", "stored"):
        assert await count_statuses(statistics) == {"COMPLETED": 1, "FAILED": 1}
        assert await count_statuses(statistics, queue_scope("slow")) == {"FAILED": 1}
        assert await count_statuses(statistics, TASK) == {"COMPLETED": 1, "FAILED": 1}
        await statistics.flush()
    assert await count_statuses(statistics, hour=OwnerHour("bob", HOUR.hour)) == {}


async def test_a_minute_has_the_percentiles_of_its_runs(database: Database) -> None:
    statistics = Statistics(database)
    statistics.meter.count_ends([ended_run(1)])
    await statistics.flush()
    cell = Cell("alice", ALL, True, clock.epoch_milliseconds(T0) // MINUTE_MS)
    (tally,) = await statistics.read([[cell]])
    assert sum(tally.durations.values()) == sum(tally.lateness.values()) == 1
    row = await database.run_statistics.find_one({"_id": cell.document_id})
    assert row is not None
    assert row["expires_at"] == row["ends_at"] + MINUTES_KEPT


async def test_a_step_is_counted_for_its_workflow_and_a_one_off_task_for_none(database: Database) -> None:
    statistics = Statistics(database)
    step = ended_run(1, task="alice/w9", trigger="WORKFLOW", task_name="nightly / fetch", interval_ms=None)
    statistics.meter.count_ends([step, ended_run(2, task="alice/t2", interval_ms=None)])
    await statistics.flush()
    assert await count_statuses(statistics, workflow_scope("nightly")) == {"COMPLETED": 1}
    assert await count_statuses(statistics, task_scope("alice/t2")) == {}
    assert await count_statuses(statistics) == {"COMPLETED": 2}


@pytest.mark.parametrize("told_first", [True, False])
async def test_an_end_of_the_completer_is_counted_once_although_its_change_tells_of_it(
    database: Database, told_first: bool
) -> None:
    statistics, run = Statistics(database), ended_run()
    await database.runs.insert_one(run)
    if told_first:
        statistics.meter.note_changes([ended(run)])
    statistics.meter.count_ends([run])
    if not told_first:
        statistics.meter.note_changes([ended(run)])
    for _ in range(3):
        await statistics.count_noted()
    assert not statistics.meter.marked
    assert await count_statuses(statistics) == {"COMPLETED": 1}


async def test_an_end_that_only_a_change_tells_of_marks_its_hour(database: Database) -> None:
    statistics, run = Statistics(database), ended_run(status="CANCELLED")
    await database.runs.insert_one(run)
    statistics.meter.note_changes([ended(run)])
    for _ in range(2):
        await statistics.count_noted()
    assert statistics.meter.marked == {HOUR}
    await statistics.recount_hour(HOUR)
    assert await count_statuses(statistics) == {"CANCELLED": 1}
    statistics.meter.marked.clear()
    statistics.meter.count_ends([run])  # late: the hour may have been counted with it
    assert statistics.meter.marked == {HOUR}


async def test_a_run_that_is_created_as_missed_is_counted_without_a_recount(database: Database) -> None:
    statistics, run = Statistics(database), ended_run(status="MISSED", started_at=None, attempts=[])
    await database.runs.insert_one(run)
    statistics.meter.note_changes([ended(run, ChangeKind.RUN_CREATED)])
    for _ in range(2):
        await statistics.count_noted()
    assert not statistics.meter.marked
    assert await count_statuses(statistics) == {"MISSED": 1}


async def test_a_run_that_ends_again_is_counted_by_its_last_end(database: Database) -> None:
    statistics = Statistics(database)
    statistics.meter.count_ends([ended_run(status="FAILED"), ended_run(2)])
    await statistics.flush()
    again = ended_run(round=1)
    await database.runs.insert_many([again, ended_run(2)])
    statistics.meter.count_ends([again])
    assert statistics.meter.marked == {HOUR}
    await statistics.recount_hour(HOUR)
    await statistics.recount_hour(HOUR)
    for scope in (ALL, TASK, queue_scope("default")):
        assert await count_statuses(statistics, scope) == {"COMPLETED": 2}


async def test_ends_during_a_recount_are_counted_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of them are already stored when the recount reads, and are counted by the completer afterwards."""
    statistics, now = Statistics(database), clock.now().replace(microsecond=0)
    hour = OwnerHour("alice", clock.epoch_milliseconds(now) // HOUR_MS)
    early = [ended_run(number, due_at=now) for number in range(5)]
    late = [ended_run(number, due_at=now) for number in range(5, 9)]
    await database.runs.insert_many(early)
    statistics.meter.count_ends(early[:2])
    count = recount.count_hour

    async def slow(opened: Database, which: OwnerHour) -> recount.Recount:
        statistics.meter.count_ends(early[2:3])
        counted = await count(opened, which)
        await database.runs.insert_many(late)
        statistics.meter.count_ends([*early[3:], *late])
        await statistics.flush()
        return counted

    monkeypatch.setattr(recount, "count_hour", slow)
    await statistics.recount_hour(hour)
    assert await count_statuses(statistics, hour=hour) == {"COMPLETED": 9}
    await statistics.flush()
    assert await count_statuses(statistics, hour=hour) == {"COMPLETED": 9}
    assert await count_statuses(statistics, TASK, hour) == {"COMPLETED": 9}


async def test_what_could_not_be_stored_is_stored_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = Statistics(database)
    statistics.meter.count_ends([ended_run()])

    async def refuse(*_: Any) -> None:
        raise AutoReconnect("gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add_pending", refuse)
        with pytest.raises(AutoReconnect):
            await statistics.flush()
    assert await count_statuses(statistics) == {"COMPLETED": 1}
    await statistics.flush()
    assert await count_statuses(statistics) == {"COMPLETED": 1}


async def test_the_latest_outcomes_of_a_task_are_kept_in_order(database: Database) -> None:
    statistics = Statistics(database)
    for first in (0, 40, 20):
        runs = [ended_run(number, due_at=T0 + timedelta(minutes=number)) for number in range(first, first + 20)]
        statistics.meter.count_ends(runs)
        if first != 20:
            await statistics.flush()
    again = ended_run(59, "FAILED", due_at=T0 + timedelta(minutes=59), finished_at=T0 + timedelta(days=1), round=1)
    statistics.meter.count_ends([again])
    outcomes = (await statistics.read_outcomes(["alice/t1"]))["alice/t1"]
    assert [one["r"] for one in outcomes] == [f"alice/t1:{number}" for number in range(10, 60)]
    assert len(outcomes) == MAX_OUTCOMES
    assert [one["s"] for one in outcomes[-2:]] == ["COMPLETED", "FAILED"]
    assert (await statistics.read_outcomes(["alice/t2"])) == {"alice/t2": []}


async def test_a_recount_does_not_crowd_out_earlier_outcomes(database: Database) -> None:
    statistics = Statistics(database)
    earlier = [ended_run(number, due_at=T0 - timedelta(hours=2)) for number in range(40)]
    recent = [ended_run(number, due_at=T0) for number in range(40, 50)]
    await database.runs.insert_many([*earlier, *recent])
    statistics.meter.count_ends([*earlier, *recent])
    await statistics.flush()
    for _ in range(3):
        await statistics.recount_hour(HOUR)
    outcomes = (await statistics.read_outcomes(["alice/t1"]))["alice/t1"]
    assert len({one["r"] for one in outcomes}) == 50


async def test_readers_see_each_end_once_while_it_is_being_stored(database: Database) -> None:
    statistics = Statistics(database)
    for number in range(20):
        statistics.meter.count_ends([ended_run(number)])
        _, seen = await asyncio.gather(statistics.flush(), count_statuses(statistics))
        assert seen == {"COMPLETED": number + 1}


async def test_old_statistics_are_deleted(database: Database) -> None:
    statistics = Statistics(database)
    statistics.meter.count_ends([ended_run(), ended_run(2, task="bob/t1")])
    await statistics.flush()
    await statistics.prune("alice", T0)
    assert await count_statuses(statistics) == {"COMPLETED": 1}
    await statistics.prune("alice", T0 + timedelta(days=2))
    assert await count_statuses(statistics) == {}
    assert await database.run_statistics.count_documents({"owner": "alice"}) == 0
    assert await count_statuses(statistics, hour=OwnerHour("bob", HOUR.hour)) == {"COMPLETED": 1}
