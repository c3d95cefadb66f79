"""Pausing, resuming, cancelling and deleting tasks, from every state of their runs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import save_task
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import OPEN_STATUSES, SETTLED_STATUSES, Database, Hold, RunStatus, Trigger
from tocsin.errors import Conflict, NotFound
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs

S = RunStatus
IDLE = [S.QUEUED, S.RETRY]
VERBS: dict[str, Any] = {
    "TASK_PAUSED": lifecycle.pause_task,
    "TASK_CANCELLED": lifecycle.cancel_task,
    "TASK_DELETED": lifecycle.delete_task,
}


@pytest.mark.parametrize("reason", VERBS)
@pytest.mark.parametrize("status", RunStatus)
async def test_what_a_hold_does_to_a_run_in_each_state(database: Database, reason: str, status: RunStatus) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status)
    before = await load_run(database, run_id)
    await VERBS[reason](database, "alice", task.id, clock.now())
    run = await load_run(database, run_id)
    if status in SETTLED_STATUSES:
        assert run == before
    elif status in IDLE or (status is S.WAITING and reason != "TASK_PAUSED"):
        assert (run["status"], run["reason"], run["open"]) == ("CANCELLED", reason, False)
        assert run.get("retry_at") is None
        assert run["finished_at"] is not None
    else:
        paused = reason == "TASK_PAUSED"
        assert run["status"] == status
        assert run["final"] == {"status": "FAILED" if paused else "CANCELLED", "reason": reason}
        assert (run.get("cancel_requested_at") is None) == paused
    if reason == "TASK_DELETED":
        assert await database.tasks.find_one({"_id": task.id}) is None
        return
    stored = await load_task(database, task.id)
    assert stored["next_run_at"] is None
    assert stored["status"] == ("PAUSED" if reason == "TASK_PAUSED" else "CANCELLED")
    assert bool(stored["active"]) == (run["status"] in ("RUNNING", "WAITING"))
    assert not stored["reconcile"]


@pytest.mark.parametrize("status", [one for one in RunStatus if one in OPEN_STATUSES])
async def test_a_manual_run_ignores_pause(database: Database, status: RunStatus) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status, trigger=Trigger.MANUAL)
    before = await load_run(database, run_id)
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    assert await load_run(database, run_id) == before


async def test_a_run_that_a_person_asked_for_again_ignores_pause(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED)
    await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    assert (await load_run(database, run_id))["status"] == "QUEUED"


async def test_resume_goes_to_the_next_time_after_now_without_a_burst(database: Database) -> None:
    start = clock.now() - 10 * HOUR + timedelta(seconds=30)
    task = await save_task(database, AWAY, schedules.Every(HOUR, start))
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    resumed = await lifecycle.resume_task(database, "alice", task.id, now := clock.now())
    assert resumed.next_run_at == start + 10 * HOUR > now
    assert resumed.status.value == "PENDING"
    assert await database.runs.count_documents({}) == 0


async def test_a_passed_one_off_keeps_its_time_at_resume_so_that_its_misfire_policy_decides(database: Database) -> None:
    at = clock.now() + timedelta(milliseconds=20)
    task = await save_task(database, AWAY, schedules.Once(at))
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    resumed = await lifecycle.resume_task(database, "alice", task.id, at + HOUR)
    assert resumed.next_run_at == at


async def test_a_one_off_that_ran_is_over_after_pause_and_resume(database: Database) -> None:
    task = await save_hourly_task(database)
    await database.tasks.update_one(
        {"_id": task.id},
        {
            "$set": {
                "schedule": schedules.schedule_to_document(schedules.Once(clock.now() - HOUR)),
                "last_due_at": clock.now(),
                "next_run_at": None,
            }
        },
    )
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    resumed = await lifecycle.resume_task(database, "alice", task.id, clock.now())
    assert resumed.next_run_at is None
    assert resumed.status.value == "COMPLETED"


async def test_cancel_is_final_until_the_task_gets_a_new_schedule(database: Database) -> None:
    task = await save_hourly_task(database)
    await lifecycle.cancel_task(database, "alice", task.id, clock.now())
    with pytest.raises(Conflict, match="new schedule"):
        await lifecycle.resume_task(database, "alice", task.id, clock.now())
    with pytest.raises(Conflict, match="new schedule"):
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
    renamed = await saving.update_task(database, "alice", task.id, {"name": "other"}, clock.now())
    assert (renamed.hold, renamed.next_run_at) == (Hold.CANCELLED, None)
    again = await saving.update_task(
        database, "alice", task.id, {"schedule": schedules.Once(clock.now() + HOUR)}, clock.now()
    )
    assert again.hold is None
    assert again.next_run_at is not None
    assert again.status.value == "PENDING"


@pytest.mark.parametrize("verb", [lifecycle.pause_task, lifecycle.cancel_task, lifecycle.resume_task])
async def test_a_hold_asked_for_twice_is_made_once(database: Database, verb: object) -> None:
    task = await save_hourly_task(database)
    if verb is lifecycle.resume_task:
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
    first = await verb(database, "alice", task.id, clock.now())  # type: ignore[operator]
    second = await verb(database, "alice", task.id, clock.now())  # type: ignore[operator]
    assert second == first


async def test_delete_hides_the_task_and_keeps_its_history(database: Database) -> None:
    task = await save_hourly_task(database)
    done, queued = (
        await add_run(database, task.id, S.COMPLETED, ago=2 * HOUR),
        await add_run(database, task.id, S.QUEUED),
    )
    await lifecycle.delete_task(database, "alice", task.id, clock.now())
    with pytest.raises(NotFound):
        await lifecycle.delete_task(database, "alice", task.id, clock.now())
    assert (await load_run(database, done))["status"] == "COMPLETED"
    assert (await load_run(database, queued))["reason"] == "TASK_DELETED"
    with pytest.raises(Conflict, match="deleted"):
        await task_runs.retry_run(database, "alice", queued, clock.now(), None)


@pytest.mark.parametrize(
    "verb", [lifecycle.pause_task, lifecycle.resume_task, lifecycle.cancel_task, lifecycle.delete_task]
)
async def test_a_stranger_has_no_such_task(database: Database, verb: object) -> None:
    task = await save_hourly_task(database)
    before = await load_task(database, task.id)
    for owner, task_id in [("bob", task.id), ("alice", "alice/unknown"), ("alice", ""), ("", task.id)]:
        with pytest.raises(NotFound):
            await verb(database, owner, task_id, clock.now())  # type: ignore[operator]
    assert await load_task(database, task.id) == before


async def test_a_pause_at_the_same_time_as_a_cancel_does_not_undo_it(database: Database) -> None:
    tasks = [await save_hourly_task(database) for _ in range(8)]
    now = clock.now()
    both = [
        verb(database, "alice", task.id, now)
        for task in tasks
        for verb in (lifecycle.cancel_task, lifecycle.pause_task)
    ]
    await asyncio.gather(*both, return_exceptions=True)
    assert {(await load_task(database, task.id))["hold"] for task in tasks} == {"CANCELLED"}


async def test_a_resume_at_the_same_time_as_an_edit_uses_the_new_schedule(database: Database) -> None:
    at = clock.now() + 5 * HOUR
    tasks = [await save_hourly_task(database) for _ in range(8)]
    for task in tasks:
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
    edits = [
        saving.update_task(database, "alice", task.id, {"schedule": schedules.Once(at)}, clock.now()) for task in tasks
    ]
    await asyncio.gather(*edits, *(lifecycle.resume_task(database, "alice", task.id, clock.now()) for task in tasks))
    assert {(await load_task(database, task.id))["next_run_at"] for task in tasks} == {at}


async def test_deactivating_a_user_pauses_their_tasks_and_no_others(database: Database) -> None:
    mine = [await save_hourly_task(database) for _ in range(3)]
    cancelled, others = await save_hourly_task(database), await save_hourly_task(database, owner="bob")
    await lifecycle.cancel_task(database, "alice", cancelled.id, clock.now())
    assert await lifecycle.pause_all_tasks(database, "alice", clock.now()) == 3
    holds = [(await load_task(database, task.id))["hold"] for task in [*mine, cancelled, others]]
    assert holds == ["PAUSED", "PAUSED", "PAUSED", "CANCELLED", None]


async def test_deactivating_a_user_cancels_manual_runs_too(database: Database) -> None:
    task = await save_hourly_task(database)
    by_hand = await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
    await lifecycle.pause_all_tasks(database, "alice", clock.now())
    assert (await load_run(database, by_hand.id))["status"] == "CANCELLED"


@pytest.mark.parametrize("trigger", [Trigger.SCHEDULE, Trigger.MANUAL])
async def test_deactivating_a_user_ends_the_runs_that_expect_a_callback(database: Database, trigger: Trigger) -> None:
    """Otherwise they stay open for as long as the user was ready to wait: up to 30 days."""
    task = await save_hourly_task(database)
    waits: dict[str, Any] = {
        "callback_by": clock.now() + 24 * HOUR,
        "attempts": [{"number": 1, "started_at": clock.now()}],
    }
    run_id = await add_run(database, task.id, S.WAITING, trigger=trigger, **waits)
    called = {"attempt": 1, "status": "COMPLETED", "message": None, "received_at": clock.now()}
    about_to_end = await add_run(database, task.id, S.WAITING, ago=2 * HOUR, callback=called, **waits)
    for _ in range(2):  # also if it is completed after a crash
        await lifecycle.pause_all_tasks(database, "alice", clock.now())
        run = await load_run(database, run_id)
        assert (run["status"], run["reason"], run["open"], run["callback_by"]) == (
            "CANCELLED", "TASK_PAUSED", False, None,
        )  # fmt: skip
        assert run["attempts"][0]["outcome"] == "CANCELLED"
        assert (await load_run(database, about_to_end))["status"] == "WAITING"  # its callback settles it
