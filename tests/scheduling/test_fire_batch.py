"""Passes over the database, with a crash, an error, an edit or another scheduler at the worst moment."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import http_job, save_task
from tests.scheduling.passes import before, due_task, in_loop, passes, runs_of, save_at, statuses
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run, load_task
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus, to_global_id
from tocsin.schedules import Misfire, MisfirePolicy
from tocsin.scheduling.planning import scheduled_run_id
from tocsin.tasks import lifecycle, run_effects, saving
from tocsin.tasks.reconciliation import reconcile_tasks

S = RunStatus


async def test_a_pass_makes_the_run_and_advances_the_task(database: Database) -> None:
    task = await due_task(database)
    async with passes(database) as made:
        await made.make()
        await made.make()
    (run,) = await runs_of(database, task.id)
    stored = await load_task(database, task.id)
    assert task.next_run_at is not None
    assert (run["_id"], run["status"], run["trigger"]) == (
        scheduled_run_id(task.id, task.next_run_at),
        "QUEUED",
        "SCHEDULE",
    )
    assert (stored["next_run_at"], stored["last_due_at"]) == (task.next_run_at + HOUR, task.next_run_at)
    assert stored["active"] == [{"run": run["_id"], "shows": "PENDING"}]


async def test_a_run_is_inserted_as_claimed_when_there_is_room(database: Database) -> None:
    tasks = [await due_task(database) for _ in range(3)]
    async with passes(database, room=2) as made:
        await made.make()
        assert len(made.in_flight.runs) == 2
        assert made.in_flight.reserve(5) == 0
    found = sorted([(await runs_of(database, task.id))[0]["status"] for task in tasks])
    assert found == ["QUEUED", "RUNNING", "RUNNING"]


@pytest.mark.parametrize("end", [S.COMPLETED, S.FAILED, S.CANCELLED])
async def test_a_waiting_run_is_released_however_the_run_before_it_ends(database: Database, end: RunStatus) -> None:
    task = await due_task(database, overlap=Overlap.QUEUE)
    first = await add_run(database, task.id, S.RUNNING)
    async with passes(database) as made:
        await made.make()
    waiting = (await runs_of(database, task.id))[1]
    assert (waiting["blocked"], waiting["after"], waiting["rank"]) == (True, first, None)
    await database.runs.update_one(
        {"_id": first}, {"$set": {"status": end.value, "open": False, "finished_at": clock.now()}}
    )
    await run_effects.apply_effects(database, [await load_run(database, first)])
    freed = await load_run(database, waiting["_id"])
    assert (freed["blocked"], freed["after"]) == (False, None)
    assert freed["queued_at"] is not None
    assert freed["rank"] == clock.epoch_milliseconds(freed["queued_at"])


async def test_a_run_that_waits_for_another_is_not_claimed_though_there_is_room(database: Database) -> None:
    task = await due_task(database, overlap=Overlap.QUEUE)
    await add_run(database, task.id, S.RUNNING)
    async with passes(database, room=5) as made:
        await made.make()
        assert made.in_flight.runs == {}
        assert made.in_flight.reserve(5) == 5
    assert statuses(await runs_of(database, task.id)) == [("RUNNING", None), ("QUEUED", None)]


async def test_a_run_does_not_wait_for_one_that_ended_while_it_was_made(database: Database) -> None:
    task = await due_task(database, overlap=Overlap.QUEUE)
    first = await add_run(database, task.id, S.RUNNING)

    async def end() -> None:
        await database.runs.update_one(
            {"_id": first}, {"$set": {"status": "COMPLETED", "open": False, "finished_at": clock.now()}}
        )
        await run_effects.apply_effects(database, [await load_run(database, first)])

    async with passes(database) as made:
        before(made, "_insert", in_loop(end))
        await made.make()
    second = (await runs_of(database, task.id))[1]
    assert (second["status"], second["blocked"]) == ("QUEUED", False)


# --- crashes and other schedulers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", RunStatus)
async def test_a_run_that_a_crash_left_behind_is_adopted_in_each_state(database: Database, status: RunStatus) -> None:
    task = await due_task(database)
    other = await due_task(database)
    assert task.next_run_at is not None
    left = await add_run(
        database, task.id, status, ago=clock.now() - task.next_run_at, _id=scheduled_run_id(task.id, task.next_run_at)
    )
    reset: Any = {"active": [], "last_run": None, "last_due_at": None, "status": "PENDING"}
    await database.tasks.update_one({"_id": task.id}, {"$set": reset})
    before_it = await load_run(database, left)
    async with passes(database, room=5) as made:
        await made.make()
        assert left not in made.in_flight.runs
        assert len(made.in_flight.runs) == 1
        assert made.in_flight.reserve(5) == 4
    assert await load_run(database, left) == before_it
    stored = await load_task(database, task.id)
    assert stored["next_run_at"] == task.next_run_at + HOUR
    assert [entry["run"] for entry in stored["active"]] == ([left] if before_it["open"] else [])
    assert stored["consecutive_failures"] == (status is S.FAILED)
    assert stored["incident"] == (status is S.COMPLETED)
    assert len(await runs_of(database, other.id)) == 1


async def test_two_schedulers_at_once_make_each_run_once(database: Database) -> None:
    tasks = [await due_task(database) for _ in range(30)]
    async with passes(database, room=10) as one, passes(database, room=12) as other:
        await asyncio.gather(one.make(), other.make())
        await asyncio.gather(one.make(), other.make())
        in_flight = [*one.in_flight.runs, *other.in_flight.runs]
    assert await database.runs.count_documents({}) == 30
    assert len(in_flight) == len(set(in_flight))
    running = [run["_id"] async for run in database.runs.find({"status": "RUNNING"})]
    assert sorted(running) == sorted(in_flight)
    for task in tasks:
        stored = await load_task(database, task.id)
        assert task.next_run_at is not None
        assert stored["next_run_at"] == task.next_run_at + HOUR
        assert len(stored["active"]) == 1


async def test_skipped_and_missed_runs_of_another_scheduler_are_adopted(database: Database) -> None:
    skipping, working = await due_task(database), await due_task(database)
    missing = await save_at(database, clock.now() - timedelta(minutes=90), misfire=Misfire(MisfirePolicy.SKIP))
    await add_run(database, skipping.id, S.RUNNING)
    retrying = await add_run(database, working.id, S.RETRY)
    async with passes(database) as one, passes(database) as other:
        before(one, "_insert", in_loop(other.make))
        await one.make()
    assert statuses(await runs_of(database, skipping.id)) == [("RUNNING", None), ("SKIPPED", "OVERLAP")]
    assert statuses(await runs_of(database, missing.id)) == [("MISSED", "MISFIRE")]
    assert (await load_task(database, working.id))["consecutive_failures"] == 1
    assert retrying not in str((await load_task(database, working.id))["active"])


# --- edits in between -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 5])
@pytest.mark.parametrize("moment", ["_insert", "_advance"])
async def test_a_job_that_was_edited_at_the_worst_moment_runs_as_edited(
    database: Database, moment: str, room: int
) -> None:
    task = await due_task(database)
    job = http_job("http://127.0.0.1:9/new")
    async with passes(database, room) as made:
        before(made, moment, in_loop(lambda: saving.update_task(database, "alice", task.id, {"job": job}, clock.now())))
        await made.make()
        await made.make()
        assert made.in_flight.runs == {}
        assert made.in_flight.reserve(5) == room
    (run,) = await runs_of(database, task.id)
    assert (run["status"], run["job"], run["task_version"], run["attempts"]) == ("QUEUED", job, 2, [])
    assert run["queued_at"] is not None
    assert run["rank"] == clock.epoch_milliseconds(run["queued_at"])
    stored = await load_task(database, task.id)
    assert task.next_run_at is not None
    assert stored["next_run_at"] == task.next_run_at + HOUR
    assert [entry["run"] for entry in stored["active"]] == [run["_id"]]


@pytest.mark.parametrize("room", [0, 5])
@pytest.mark.parametrize("moment", ["_insert", "_advance"])
@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        (lifecycle.pause_task, "TASK_PAUSED"),
        (lifecycle.cancel_task, "TASK_CANCELLED"),
        (lifecycle.delete_task, "TASK_DELETED"),
    ],
)
async def test_nothing_runs_after_a_hold_at_the_worst_moment(
    database: Database, verb: Any, reason: str, moment: str, room: int
) -> None:
    task = await due_task(database)
    async with passes(database, room) as made:
        before(made, moment, in_loop(lambda: verb(database, "alice", task.id, clock.now())))
        await made.make()
        await made.make()
        assert made.in_flight.runs == {}
        assert made.in_flight.reserve(5) == room
    assert statuses(await runs_of(database, task.id)) == [("CANCELLED", reason)]
    stored = await load_task(database, task.id)
    assert stored.get("next_run_at") is None
    assert stored.get("active", []) == []


@pytest.mark.parametrize("moment", ["_insert", "_advance"])
async def test_a_passed_due_time_runs_once_whenever_its_schedule_is_replaced(database: Database, moment: str) -> None:
    task, at = await due_task(database), clock.now() + HOUR
    async with passes(database) as made:
        edit: saving.DraftChanges = {"schedule": schedules.Once(at)}
        before(made, moment, in_loop(lambda: saving.update_task(database, "alice", task.id, edit, clock.now())))
        await made.make()
        await made.make()
    (run,) = await runs_of(database, task.id)
    assert (run["status"], run["reason"], run["due_at"], run["task_version"]) == ("QUEUED", None, task.next_run_at, 2)
    assert (await load_task(database, task.id))["next_run_at"] == at


async def test_several_passed_due_times_run_though_their_schedule_is_replaced(database: Database) -> None:
    now = clock.now()
    every = schedules.Every(timedelta(seconds=10), now - timedelta(seconds=25))
    task = await save_task(database, AWAY, every, overlap=Overlap.ALLOW)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": every.start}})
    async with passes(database) as made:
        edit: saving.DraftChanges = {"schedule": schedules.Every(HOUR, now - 9 * HOUR)}
        before(made, "_advance", in_loop(lambda: saving.update_task(database, "alice", task.id, edit, clock.now())))
        await made.make()
        await made.make()
    runs = await runs_of(database, task.id)
    assert statuses(runs) == [("QUEUED", None)] * 3
    assert [run["due_at"] for run in runs] == [now - timedelta(seconds=ago) for ago in (25, 15, 5)]
    assert (await load_task(database, task.id))["next_run_at"] == now + HOUR


async def test_a_run_for_a_due_time_that_an_earlier_edit_removed_is_cancelled(database: Database) -> None:
    task, at = await due_task(database), clock.now() + HOUR
    assert task.next_run_at is not None
    edited_at = task.next_run_at - timedelta(seconds=1)
    async with passes(database, 5) as made:
        edit: saving.DraftChanges = {"schedule": schedules.Once(at)}
        before(made, "_advance", in_loop(lambda: saving.update_task(database, "alice", task.id, edit, edited_at)))
        await made.make()
        await made.make()
    assert statuses(await runs_of(database, task.id)) == [("CANCELLED", "TASK_EDITED")]
    assert (await load_task(database, task.id))["next_run_at"] == at


async def test_a_run_that_waits_for_one_that_an_edit_removed_is_released(database: Database) -> None:
    minute, now = timedelta(minutes=1), clock.now()
    every = schedules.Every(minute, now - 2.5 * minute)
    task = await save_task(database, AWAY, every, misfire=Misfire(MisfirePolicy.RUN_ALL))
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": every.start}})
    async with passes(database) as made:
        edit: saving.DraftChanges = {"schedule": schedules.Once(every.start + minute)}
        edited_at = every.start - minute
        before(made, "_advance", in_loop(lambda: saving.update_task(database, "alice", task.id, edit, edited_at)))
        await made.make()
    taken, standing, other = await runs_of(database, task.id)
    assert statuses([taken, other]) == [("CANCELLED", "TASK_EDITED")] * 2
    assert (standing["status"], standing["due_at"]) == ("QUEUED", every.start + minute)
    assert not standing["blocked"]


@pytest.mark.parametrize(
    "damage",
    [
        {"schedule": {"kind": "cron", "expression": "* * * * *", "time_zone": "Atlantis/Vineta"}},
        {"schedule": {"kind": "moon"}},
        {"misfire": {}},
        {"overlap": "DANCE"},
    ],
)
async def test_an_unreadable_task_is_paused_and_stops_no_other(database: Database, damage: Any) -> None:
    wrong, right = await due_task(database), await due_task(database)
    waiting = await add_run(database, wrong.id, S.QUEUED)
    await database.tasks.update_one({"_id": wrong.id}, {"$set": damage})
    async with passes(database) as made:
        await made.make()
    assert await reconcile_tasks(database, clock.now()) == 1
    stored = await load_task(database, wrong.id)
    assert (stored["hold"], stored["status"], stored["next_run_at"], stored["version"]) == ("PAUSED", "PAUSED", None, 2)
    assert stored.get("pause_reason") == "UNREADABLE"
    (told,) = await database.notifications.find({}).to_list()
    assert (told["kind"], told["owner"], told["run"]) == ("TASK_PAUSED", "alice", None)
    assert told["data"] == {"taskId": to_global_id("Task", wrong.id)}
    await reconcile_tasks(database, clock.now())
    assert await database.notifications.count_documents({}) == await database.deliveries.count_documents({}) == 1
    assert statuses(await runs_of(database, wrong.id)) == [("CANCELLED", "TASK_PAUSED")]
    assert waiting not in str(stored["active"])
    assert statuses(await runs_of(database, right.id)) == [("QUEUED", None)]


async def test_due_times_beyond_the_maximum_of_open_runs_are_skipped_though_they_may_overlap(
    database: Database,
) -> None:
    now = clock.now()
    every = schedules.Every(timedelta(seconds=10), now - timedelta(seconds=45))
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
