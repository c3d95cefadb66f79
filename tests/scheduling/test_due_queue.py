"""One owner's flood of due tasks is late for that owner alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.harness import http_job, run_stack, save_task, wait_until
from tests.scheduling.passes import passes, statuses
from tests.scheduling.test_fire_batch import before, in_loop, runs_of, save_at
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus, Task, TaskStatus, new_id
from tocsin.schedules import Misfire, MisfirePolicy
from tocsin.scheduling import due_queue
from tocsin.tasks.saving import TaskDraft

S = RunStatus
SECOND = timedelta(seconds=1)
SLICE = 50


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_queue, "SLICE", SLICE)
    monkeypatch.setattr(due_queue, "MIN_SLICE", SLICE)


async def flood(database: Database, count: int, due: datetime, **changes: Any) -> list[str]:
    """Make `count` due tasks of Mallory's."""
    draft = TaskDraft(name="flood", job=http_job(AWAY), schedule=schedules.Every(HOUR, due), **changes)
    fields: dict[str, Any] = {"owner": "mallory", "status": TaskStatus.PENDING, "next_run_at": due, "created_at": due}
    tasks = [Task(id=new_id("mallory"), updated_at=due, **fields, **draft.document_fields()) for _ in range(count)]
    await Task.insert_many(tasks)
    return [task.id for task in tasks]


async def test_what_is_due_later_does_not_wait_for_anothers_flood(database: Database) -> None:
    now = clock.now()
    await flood(database, SLICE + 10, now - 10 * SECOND)
    task = await save_at(database, now - SECOND)
    async with passes(database) as made:
        first = [job.id for job, _ in zip(made.store.get_due_jobs(now), range(3), strict=False)]
    assert task.id in first


async def test_what_becomes_due_meanwhile_goes_before_the_rest_of_a_flood(database: Database) -> None:
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


async def test_who_pays_for_many_runs_goes_after_others(database: Database) -> None:
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


async def test_anothers_retry_does_not_wait_for_a_flood_of_retries(database: Database) -> None:
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


# --- open runs of a task --------------------------------------------------------------------------------------------


async def test_beyond_so_many_open_runs_due_times_are_skipped_though_they_may_overlap(database: Database) -> None:
    now = clock.now()
    every = schedules.Every(10 * SECOND, now - 45 * SECOND)
    task = await save_task(database, AWAY, every, overlap=Overlap.ALLOW)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": every.start}})
    async with passes(database) as made:
        made.firer._max_open = 3
        await made.make()
    runs = await runs_of(database, task.id)
    assert statuses(runs) == [("QUEUED", None)] * 3 + [("SKIPPED", "OVERLAP_LIMIT")] * 2
    stored = await database.tasks.find_one({"_id": task.id})
    assert stored is not None
    assert len(stored["active"]) == 3


async def test_the_setting_says_how_many_runs_of_a_task_may_be_open(database: Database) -> None:
    now = clock.now()
    every = schedules.Every(10 * SECOND, now - 45 * SECOND)
    task = await save_task(database, AWAY, every, overlap=Overlap.ALLOW)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": every.start}})
    async with run_stack(database, schedule=False, max_open_runs=2) as stack:
        stack.scheduler.start()

        async def made() -> list[str]:
            return [run["status"] for run in await stack.runs(task.id)]

        found = await wait_until(made)
    assert [status == "SKIPPED" for status in found] == [False, False, True, True, True]
