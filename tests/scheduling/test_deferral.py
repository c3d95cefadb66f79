"""Which due tasks are deferred, and what happens to those that turn out not to be due as they were read."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.tasks.helpers import load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, DeferredRuns, RunDocument, RunStatus, connect_sync
from tocsin.scheduling import deferral
from tocsin.scheduling.deferral import RunDeferrer
from tocsin.scheduling.planning import TaskFiring, plan_firing


async def firings(database: Database, count: int) -> list[TaskFiring]:
    """Return the firings of tasks that have become due."""
    due = clock.now() - timedelta(milliseconds=10)
    planned = []
    for _ in range(count):
        task = await save_hourly_task(database)
        await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": due}})
        planned.append(plan_firing(await load_task(database, task.id), clock.now(), []))
    return planned


def claimed(planned: list[TaskFiring]) -> dict[str, RunDocument]:
    runs: dict[str, Any] = {firing.runs[0]["_id"]: firing.runs[0] for firing in planned}
    for run in runs.values():
        run |= {"status": RunStatus.RUNNING, "worker": "w", "fence": 1, "begun": True}
    return runs


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferral, "MIN_DEFERRED", 2)


async def test_a_run_that_is_stored_already_is_not_deferred(database: Database) -> None:
    """A task can be read as due just before its run is stored and its due time advanced."""
    planned = await firings(database, 4)
    runs = claimed(planned)
    await database.runs.insert_one(planned[0].runs[0])
    sync = connect_sync(database.uri, database.name)
    deferrer = RunDeferrer(sync, DeferredRuns(), "w")
    simple, others = await asyncio.to_thread(deferrer.split, planned, runs)
    sync.client.close()
    assert simple == planned[1:]
    assert others == planned[:1]


async def test_a_task_that_was_paused_since_it_was_read_is_not_deferred(database: Database) -> None:
    planned = await firings(database, 3)
    claimed(planned)
    deferred, sync = DeferredRuns(), connect_sync(database.uri, database.name)
    deferrer = RunDeferrer(sync, deferred, "w")
    await database.tasks.update_one({"_id": planned[1].task["_id"]}, {"$inc": {"version": 1}})
    await asyncio.to_thread(deferrer.defer, planned, clock.now())
    assert len(deferred) == 3
    outdated = await asyncio.to_thread(deferrer.take_back_outdated, planned)
    sync.client.close()
    assert outdated == [planned[1]]
    assert len(deferred) == 2
    assert not deferred.has_task(planned[1].task["_id"])


async def test_what_is_taken_back_leaves_a_record_to_delete(database: Database) -> None:
    planned = await firings(database, 2)
    claimed(planned)
    deferred, sync = DeferredRuns(), connect_sync(database.uri, database.name)
    deferrer = RunDeferrer(sync, deferred, "w")
    await asyncio.to_thread(deferrer.defer, planned, clock.now())
    deferrer.take_back(planned)
    sync.client.close()
    (record,) = await database.claim_records.find({}).to_list()
    assert deferred.finished_records == [record["_id"]]
    assert len(deferred) == 0


async def test_a_process_that_is_not_alone_defers_nothing(database: Database) -> None:
    planned = await firings(database, 2)
    sync = connect_sync(database.uri, database.name)
    deferrer = RunDeferrer(sync, DeferredRuns(), None)
    assert await asyncio.to_thread(deferrer.split, planned, claimed(planned)) == ([], planned)
    sync.client.close()
