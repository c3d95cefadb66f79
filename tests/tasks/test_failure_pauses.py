"""A task that has paused itself: its runs are stopped, and its owner is told once, also after a crash at any point."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scheduling.passes import due_task, passes
from tests.tasks.helpers import HOUR, add_run, ended_attempt, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus
from tocsin.errors import Conflict
from tocsin.execution.rescuer import recover_at_start
from tocsin.tasks import lifecycle, ownership, reconciliation, run_effects, runs, saving
from tocsin.tasks.failure_pauses import complete_pauses

S = RunStatus


async def fail(database: Database, task_id: str, hours_ago: int = 1) -> Any:
    """Insert a failed run of which nothing has followed yet."""
    error: Any = {"kind": "HTTP_STATUS", "message": "The server answered 503.", "hint": None}
    attempt = {**ended_attempt(), "status_code": 503, "error": error}
    run_id = await add_run(database, task_id, S.RUNNING, ago=timedelta(hours=hours_ago), attempts=[attempt], incident=0)
    ended = {"status": S.FAILED, "open": False, "finished_at": clock.now()}
    await database.runs.update_one({"_id": run_id}, {"$set": ended})
    return await load_run(database, run_id)


async def follow(database: Database, *runs: Any) -> None:
    await run_effects.apply_effects(database, list(runs))
    await complete_pauses(database, runs)


async def told(database: Database) -> list[Any]:
    return await database.notifications.find({"kind": "TASK_PAUSED"}).to_list()


async def test_the_owner_is_told_once_with_the_error_of_the_last_run(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=2)).id
    for hours_ago in (3, 2):
        run = await fail(database, task_id, hours_ago)
        for _ in range(2):
            await follow(database, run)
    (notification,) = await told(database)
    assert (notification["_id"], notification["run"]) == (f"{run['_id']}:paused", run["_id"])
    assert notification["subject"] == 'Task "a task" is paused'
    data = notification["data"]
    assert (data["failures"], data["errorKind"], data["statusCode"]) == (2, "HTTP_STATUS", 503)
    task = await load_task(database, task_id)
    assert (task["status"], task["reconcile"], task["self_pause"]["is_told"]) == ("PAUSED", False, True)  # type: ignore[index]
    assert await database.deliveries.count_documents({"kind": "TASK_PAUSED"}) == 1


async def test_its_other_runs_are_stopped_as_by_its_owner(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=1, overlap=Overlap.ALLOW)).id
    queued = await add_run(database, task_id, S.QUEUED, ago=timedelta(minutes=3))
    running = await add_run(database, task_id, S.RUNNING, ago=timedelta(minutes=2))
    await follow(database, await fail(database, task_id))
    assert (await load_run(database, queued))["reason"] == "TASK_PAUSED"
    assert (await load_run(database, running))["final"] == {"status": "FAILED", "reason": "TASK_PAUSED"}


async def test_a_crash_after_any_write_loses_and_repeats_nothing(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=1)).id
    run = await fail(database, task_id)
    await recover_at_start(database)  # died before the failure was counted
    await recover_at_start(database)
    assert len(await told(database)) == 1
    await database.notifications.delete_many({})
    await database.tasks.update_one({"_id": task_id}, {"$set": {"reconcile": True, "self_pause.is_told": False}})
    await recover_at_start(database)  # died after the pause
    assert [each["_id"] for each in await told(database)] == [f"{run['_id']}:paused"]
    await database.tasks.update_one({"_id": task_id}, {"$set": {"reconcile": True, "self_pause.is_told": False}})
    await recover_at_start(database)  # died after the notification
    assert len(await told(database)) == 1


@pytest.mark.parametrize("act", [lifecycle.resume_task, lifecycle.cancel_task, lifecycle.delete_task])
async def test_an_owner_who_is_faster_is_told_all_the_same(database: Database, act: Any) -> None:
    task_id = (await save_hourly_task(database, pause_after=1)).id
    await run_effects.apply_effects(database, [await fail(database, task_id)])
    assert await told(database) == []
    await act(database, "alice", task_id, clock.now())
    assert len(await told(database)) == 1


async def test_a_resumed_task_starts_its_streak_anew(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=2)).id
    for hours_ago in (9, 8):
        await follow(database, await fail(database, task_id, hours_ago))
    resumed = await lifecycle.resume_task(database, "alice", task_id, clock.now())
    assert (resumed.hold, resumed.consecutive_failures, resumed.pause_reason, resumed.self_pause) == (
        None, 0, None, None,
    )  # fmt: skip
    await follow(database, await fail(database, task_id, 7))
    assert (await load_task(database, task_id))["hold"] is None
    await follow(database, await fail(database, task_id, 6))
    assert (await load_task(database, task_id))["hold"] == "PAUSED"
    assert len(await told(database)) == 2


async def test_a_pause_by_the_owner_keeps_the_streak_and_tells_nobody(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=2)).id
    await follow(database, await fail(database, task_id))
    await lifecycle.pause_task(database, "alice", task_id, clock.now())
    resumed = await lifecycle.resume_task(database, "alice", task_id, clock.now())
    assert (resumed.consecutive_failures, await told(database)) == (1, [])


async def test_an_unreadable_task_is_resumed_once_it_has_another_schedule(database: Database) -> None:
    task = await due_task(database)
    lost = {"kind": "cron", "expression": "* * * * *", "time_zone": "Atlantis/Vineta"}
    await database.tasks.update_one({"_id": task.id}, {"$set": {"schedule": lost}})
    async with passes(database) as made:
        await made.make()
    with pytest.raises(Conflict, match="its schedule cannot be read"):
        await lifecycle.resume_task(database, "alice", task.id, clock.now())
    assert len(await told(database)) == 1
    later: Any = {"schedule": schedules.Every(HOUR, clock.now() + HOUR)}
    await saving.update_task(database, "alice", task.id, later, clock.now())
    resumed = await lifecycle.resume_task(database, "alice", task.id, clock.now())
    assert (resumed.hold, resumed.pause_reason, resumed.self_pause) == (None, None, None)
    assert resumed.next_run_at is not None


async def test_an_edit_of_a_paused_task_tells_nothing_again(database: Database) -> None:
    """Its notification may have been pruned since then."""
    task_id = (await save_hourly_task(database, pause_after=1)).id
    await follow(database, await fail(database, task_id))
    await database.notifications.delete_many({})
    await saving.update_task(database, "alice", task_id, {"name": "other"}, clock.now())
    await reconciliation.reconcile_tasks(database, clock.now())
    assert await told(database) == []
    assert (await load_task(database, task_id))["pause_reason"] == "CONSECUTIVE_FAILURES"


async def test_the_round_after_an_outage_counts_and_its_pause_is_completed(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=1)).id
    run = await fail(database, task_id)
    again = {"round": 1, "inconclusive_rounds": 1}
    await database.runs.update_one({"_id": run["_id"]}, {"$set": again})
    await follow(database, run | again)
    assert len(await told(database)) == 1


async def test_a_pause_stops_the_round_after_an_outage_but_not_one_that_a_person_began(database: Database) -> None:
    task_id = (await save_hourly_task(database, overlap=Overlap.ALLOW)).id
    again = {"round": 1, "inconclusive_rounds": 1}
    tocsins = await add_run(database, task_id, S.QUEUED, ago=timedelta(minutes=3), **again)
    persons = await add_run(database, task_id, S.QUEUED, ago=timedelta(minutes=2), **again | {"round": 2})
    await lifecycle.pause_task(database, "alice", task_id, clock.now())
    assert [(await load_run(database, each))["status"] for each in (tocsins, persons)] == ["CANCELLED", "QUEUED"]


async def test_a_run_that_failed_before_its_task_listed_it_again_completes_the_pause(database: Database) -> None:
    task_id = (await save_hourly_task(database, pause_after=1)).id
    run = await fail(database, task_id)
    again = {"round": 1, "inconclusive_rounds": 1}
    await database.runs.update_one({"_id": run["_id"]}, {"$set": again})
    await runs.show_reopened(database, [run["_id"]])
    assert len(await told(database)) == 1


async def test_a_run_that_fails_while_it_is_cancelled_completes_the_pause(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = (await save_hourly_task(database, pause_after=1)).id
    run_id = await add_run(database, task_id, S.RUNNING, attempts=[ended_attempt()], incident=0)

    async def fail_meanwhile(owner: str, wanted: str) -> Any:
        found = await ownership.require_run(owner, wanted)
        ended = {"status": S.FAILED, "open": False, "finished_at": clock.now()}
        await database.runs.update_one({"_id": run_id}, {"$set": ended})
        return found

    monkeypatch.setattr("tocsin.tasks.runs.require_run", fail_meanwhile)
    await runs.cancel_run(database, "alice", run_id, clock.now())
    assert len(await told(database)) == 1
