"""Creating and editing tasks: their due times and the snapshots of their runs, also with concurrent edits."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import http_job, save_task
from tests.tasks.helpers import AWAY, HOUR, add_run, claimed_key, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.clock import MILLISECOND
from tocsin.documents import OPEN_STATUSES, SETTLED_STATUSES, Database, Hold, Overlap, RunStatus, Trigger
from tocsin.errors import Conflict, IdempotencyKeyReused, InvalidInput, NotFound
from tocsin.tasks import lifecycle, saving
from tocsin.tasks.idempotency import IdempotentCall
from tocsin.tasks.retry_policy import Backoff, RetryPolicy

S = RunStatus


def draft(**changes: Any) -> saving.TaskDraft:
    fields: dict[str, Any] = {"name": "a task", "job": http_job(AWAY), "schedule": schedules.Once(clock.now() + HOUR)}
    return saving.TaskDraft(**{**fields, **changes})


def key(text: str = "k", print_: str = "f", owner: str = "alice") -> IdempotentCall:
    return IdempotentCall(owner, "createTask", text, print_)


async def test_a_saved_task_reads_back_as_the_draft_it_was(database: Database) -> None:
    retry = RetryPolicy(4, (), Backoff(HOUR, 2.5, 9 * HOUR, 0.25), frozenset({500, 503}))
    misfire = schedules.Misfire(schedules.MisfirePolicy.RUN_ALL, timedelta(seconds=7), 9)
    full = draft(tags=("a", "b"), misfire=misfire, overlap=Overlap.QUEUE, retry=retry, timeout=2.5, priority=-3)
    full = replace(full, alert_after=3, alert_on_missed=True, pause_after=7)
    task = await saving.create_task(database, "alice", full, clock.now())
    assert saving.draft_from_task(task) == full
    assert (task.status.value, task.version, task.id.partition("/")[0]) == ("PENDING", 1, "alice")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"name": "x" * 201}, ("name",)),
        ({"name": "a\nb"}, ("name",)),
        ({"tags": ("a", "a")}, ("tags",)),
        ({"tags": tuple(map(str, range(21)))}, ("tags",)),
        ({"tags": ("",)}, ("tags",)),
        ({"timeout": 0.0}, ("timeout",)),
        ({"timeout": 3600.5}, ("timeout",)),
        ({"alert_after": 0}, ("alertAfter",)),
        ({"alert_after": 101}, ("alertAfter",)),
        ({"pause_after": 0}, ("pauseAfter",)),
        ({"pause_after": 1001}, ("pauseAfter",)),
        ({"misfire": schedules.Misfire(max_runs=0)}, ("misfire", "maxRuns")),
        ({"misfire": schedules.Misfire(grace=-MILLISECOND)}, ("misfire", "grace")),
        ({"retry": RetryPolicy(100, (HOUR,))}, ("retry", "maxRetries")),
        ({"schedule": schedules.Cron("0 0 30 2 *", "UTC")}, ("schedule", "cron", "expression")),
        ({"schedule": schedules.Every(HOUR, clock.now() - 3 * HOUR, clock.now() - HOUR)}, ("schedule",)),
    ],
)
async def test_a_wrong_draft_is_refused_with_its_place_and_leaves_nothing(
    database: Database, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await saving.create_task(database, "alice", draft(**changes), clock.now(), key())
    assert refused.value.path == path
    assert await database.tasks.count_documents({}) == await database.idempotency_keys.count_documents({}) == 0


# --- idempotency ----------------------------------------------------------------------------------------------------


async def test_the_same_key_and_input_answer_the_same_also_at_once(database: Database) -> None:
    made = await asyncio.gather(
        *(saving.create_task(database, "alice", draft(), clock.now(), key()) for _ in range(20))
    )
    assert len({task.id for task in made}) == 1
    assert await database.tasks.count_documents({}) == 1


async def test_the_same_key_with_another_input_is_refused(database: Database) -> None:
    await saving.create_task(database, "alice", draft(), clock.now(), key())
    with pytest.raises(IdempotencyKeyReused):
        await saving.create_task(database, "alice", draft(), clock.now(), key(print_="g"))


async def test_a_crash_between_key_and_task_is_repaired_by_the_next_try(database: Database) -> None:
    await database.idempotency_keys.insert_one(claimed_key(key(), "alice/abc"))
    assert (await saving.create_task(database, "alice", draft(), clock.now(), key())).id == "alice/abc"


async def test_a_key_whose_task_was_deleted_makes_no_second_one(database: Database) -> None:
    task = await saving.create_task(database, "alice", draft(), clock.now(), key())
    await lifecycle.delete_task(database, "alice", task.id, clock.now())
    with pytest.raises(Conflict, match="deleted"):
        await saving.create_task(database, "alice", draft(), clock.now(), key())
    assert await database.tasks.count_documents({}) == 0


# --- edits ----------------------------------------------------------------------------------------------------------


async def test_an_edit_of_the_name_moves_no_due_time_and_counts_as_a_version(database: Database) -> None:
    task = await save_hourly_task(database)
    edited = await saving.update_task(database, "alice", task.id, {"name": "other"}, clock.now())
    assert (edited.name, edited.next_run_at, edited.version) == ("other", task.next_run_at, 2)
    assert saving.draft_from_task(edited) == saving.draft_from_task(task).__class__(
        **{**_fields(saving.draft_from_task(task)), "name": "other"}
    )


def _fields(one: saving.TaskDraft) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", RunStatus)
async def test_an_edit_rewrites_the_copies_of_open_runs_only(
    database: Database, status: RunStatus, trigger: Trigger
) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status, trigger=trigger)
    before = await load_run(database, run_id)
    changes: saving.DraftChanges = {
        "job": http_job("http://127.0.0.1:9/new"),
        "timeout": 9.0,
        "name": "new",
        "retry": None,
    }
    await saving.update_task(database, "alice", task.id, changes, clock.now())
    after = await load_run(database, run_id)
    if status in SETTLED_STATUSES:
        assert after == before
        return
    assert status in OPEN_STATUSES
    assert (after["job"]["params"]["url"], after["timeout"], after["task_name"]) == (
        "http://127.0.0.1:9/new",
        9.0,
        "new",
    )
    assert (after["retry"], after["task_version"]) == (None, 2)
    kept = {"status", "attempts", "due_at", "rank", "fence", "incident"}
    assert {name: after.get(name) for name in kept} == {name: before.get(name) for name in kept}


async def test_new_due_times_are_later_than_the_last_one(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    last = now - timedelta(minutes=5)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"last_due_at": last, "next_run_at": None}})
    for at in (last, last - HOUR, last + MILLISECOND):
        edited = await saving.update_task(database, "alice", task.id, {"schedule": schedules.Once(at)}, now)
        assert edited.next_run_at == last + MILLISECOND
    ahead = now + HOUR
    await database.tasks.update_one({"_id": task.id}, {"$set": {"last_due_at": ahead, "next_run_at": ahead + HOUR}})
    edited = await saving.update_task(
        database, "alice", task.id, {"schedule": schedules.Every(HOUR, ahead - 4 * HOUR)}, now
    )
    assert edited.next_run_at == ahead + HOUR


async def test_a_new_schedule_never_fires_for_the_past(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    edited = await saving.update_task(
        database, "alice", task.id, {"schedule": schedules.Every(HOUR, now - 9.5 * HOUR)}, now
    )
    assert edited.next_run_at == now + HOUR / 2


async def _due_at(database: Database, task_id: str, next_run_at: Any, last_due_at: Any = None) -> None:
    times = {"next_run_at": next_run_at, "last_due_at": last_due_at}
    await database.tasks.update_one({"_id": task_id}, {"$set": times})


async def test_the_same_schedule_again_changes_nothing_but_the_version(database: Database) -> None:
    now = clock.now()
    same: list[schedules.SimpleSchedule] = [
        schedules.Every(HOUR, now - 3.5 * HOUR),
        schedules.Cron("0 * * * *", "UTC"),
        schedules.Once(now - HOUR, "now"),
    ]
    for schedule in same:
        for due in (now + HOUR / 3, now, now - 3 * HOUR, None):
            task = await save_task(database, AWAY, schedule)
            await _due_at(database, task.id, due, now - 4 * HOUR)
            edited = await saving.update_task(database, "alice", task.id, {"schedule": schedule, "name": "b"}, now)
            assert (edited.next_run_at, edited.version, edited.name) == (due, 2, "b")
            assert schedules.schedule_from_document(edited.schedule) == schedule


async def test_the_end_alone_or_the_phase_said_otherwise_moves_no_due_time(database: Database) -> None:
    now = clock.now()
    start, due = now - 3.5 * HOUR, now + HOUR / 2
    for new in (
        schedules.Every(HOUR, start, now + 9 * HOUR),
        schedules.Every(HOUR, start + 2 * HOUR),
        schedules.Every(HOUR, due),
    ):
        task = await save_task(database, AWAY, schedules.Every(HOUR, start))
        await _due_at(database, task.id, due, due - HOUR)
        edited = await saving.update_task(database, "alice", task.id, {"schedule": new}, now)
        assert (edited.next_run_at, schedules.schedule_from_document(edited.schedule)) == (due, new)


async def test_a_cron_written_otherwise_skips_and_repeats_no_due_time(database: Database) -> None:
    at = clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
    for late in (-MILLISECOND, timedelta(0), MILLISECOND):
        task = await save_task(database, AWAY, schedules.Cron("0 * * * *", "UTC"))
        await _due_at(database, task.id, at, at - HOUR)
        edited = await saving.update_task(
            database, "alice", task.id, {"schedule": schedules.Cron("@hourly", "UTC")}, at + late
        )
        assert edited.next_run_at == at
        plan = schedules.plan_due_times(
            schedules.schedule_from_document(edited.schedule), at, at + HOUR, edited_misfire()
        )
        assert plan.next_due == at + 2 * HOUR


def edited_misfire() -> schedules.Misfire:
    return schedules.Misfire(schedules.MisfirePolicy.RUN_ALL)


async def test_pause_the_same_schedule_again_and_resume_keep_the_phase(database: Database) -> None:
    task = await save_hourly_task(database)
    assert task.next_run_at is not None
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    schedule = schedules.current_schedule(schedules.schedule_from_document(task.schedule))
    given: saving.DraftChanges = {"schedule": schedule}
    edited = await saving.update_task(database, "alice", task.id, given, clock.now())
    assert (edited.hold, edited.next_run_at) == (Hold.PAUSED, None)
    later = task.next_run_at + 4.5 * HOUR
    assert (await lifecycle.resume_task(database, "alice", task.id, later)).next_run_at == task.next_run_at + 5 * HOUR


async def test_the_same_schedule_makes_a_cancelled_task_active_again_in_its_phase(database: Database) -> None:
    task = await save_hourly_task(database)
    await lifecycle.cancel_task(database, "alice", task.id, clock.now())
    schedule = schedules.current_schedule(schedules.schedule_from_document(task.schedule))
    given: saving.DraftChanges = {"schedule": schedule}
    edited = await saving.update_task(database, "alice", task.id, given, clock.now())
    assert (edited.hold, edited.next_run_at) == (None, task.next_run_at)


async def test_a_name_does_not_lose_what_an_edit_before_it_left_due(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    await _due_at(database, task.id, now - 2 * HOUR)
    await saving.update_task(database, "alice", task.id, {"schedule": schedules.Once(now + HOUR)}, now)
    edited = await saving.update_task(database, "alice", task.id, {"name": "b"}, now)
    assert edited.next_run_at == now - 2 * HOUR
    assert isinstance(schedules.schedule_from_document(edited.schedule), schedules.RevisedSchedule)
    assert saving.draft_from_task(edited).validate()


async def test_a_paused_task_stays_paused_with_a_new_schedule(database: Database) -> None:
    task = await save_hourly_task(database)
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    at = clock.now() + 3 * HOUR
    edited = await saving.update_task(database, "alice", task.id, {"schedule": schedules.Once(at)}, clock.now())
    assert (edited.status.value, edited.next_run_at) == ("PAUSED", None)
    assert (await lifecycle.resume_task(database, "alice", task.id, clock.now())).next_run_at == at


async def test_the_expected_version_must_be_the_present_one(database: Database) -> None:
    task = await save_hourly_task(database)
    await saving.update_task(database, "alice", task.id, {"name": "b"}, clock.now(), expected_version=1)
    with pytest.raises(Conflict) as refused:
        await saving.update_task(database, "alice", task.id, {"name": "c"}, clock.now(), expected_version=1)
    assert refused.value.path == ("expectedVersion",)
    assert "version is 2" in refused.value.message
    assert (await load_task(database, task.id))["name"] == "b"


async def test_edits_at_once_lose_nothing(database: Database) -> None:
    task = await save_hourly_task(database)
    edits: list[saving.DraftChanges] = [
        {"name": "new"}, {"tags": ("new",)}, {"timeout": 9.0}, {"overlap": Overlap.ALLOW}, {"retry": None},
        {"job": http_job("http://127.0.0.1:9/new")}, {"misfire": schedules.Misfire(max_runs=3)},
        {"schedule": schedules.Once(clock.now() + 2 * HOUR)},
    ]  # fmt: skip
    await asyncio.gather(*(saving.update_task(database, "alice", task.id, edit, clock.now()) for edit in edits))
    stored = saving.draft_from_task(await saving.update_task(database, "alice", task.id, {}, clock.now()))
    for edit in edits:
        for name, value in edit.items():
            assert getattr(stored, name) == value
    assert (await load_task(database, task.id))["version"] == len(edits) + 2


async def test_of_many_edits_of_one_version_exactly_one_wins(database: Database) -> None:
    task = await save_hourly_task(database)
    edits = [
        saving.update_task(database, "alice", task.id, {"name": f"n{n}"}, clock.now(), expected_version=1)
        for n in range(8)
    ]
    results = await asyncio.gather(*edits, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 7
    assert (await load_task(database, task.id))["version"] == 2


async def test_a_stranger_cannot_edit(database: Database) -> None:
    task = await save_task(database, AWAY)
    for owner, task_id in [("bob", task.id), ("alice", "alice/unknown"), ("alice", "nothing")]:
        with pytest.raises(NotFound):
            await saving.update_task(database, owner, task_id, {"name": "x"}, clock.now())
    assert (await load_task(database, task.id))["version"] == 1
