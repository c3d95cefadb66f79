"""Running, retrying and cancelling runs, from every state of run and task."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import fail
from tests.harness import http_job
from tests.tasks.helpers import AWAY, add_run, claimed_key, ended_attempt, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.dead_letters.store import discard_runs
from tocsin.documents import SETTLED_STATUSES, Database, ReplaySettings, RunStatus, Trigger
from tocsin.errors import Conflict, IdempotencyKeyReused, NotFound
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.idempotency import IdempotentCall
from tocsin.tasks.runs import MAX_REPLAY_ENTRIES

S = RunStatus
RETRYABLE = {S.FAILED, S.MISSED, S.SKIPPED, S.CANCELLED}


def key(mutation: str, print_: str = "f") -> IdempotentCall:
    return IdempotentCall("alice", mutation, "k", print_)


# --- run now --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hold", [None, lifecycle.pause_task, lifecycle.cancel_task])
async def test_a_manual_run_ignores_pause_and_overlap_and_does_not_touch_the_task(
    database: Database, hold: Any
) -> None:
    task = await save_hourly_task(database)
    await add_run(database, task.id, S.RUNNING)
    if hold is not None:
        await hold(database, "alice", task.id, clock.now())
    before = await load_task(database, task.id)
    run = await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
    assert (run.status, run.trigger, run.incident, run.blocked) == (S.QUEUED, Trigger.MANUAL, None, False)
    assert await load_task(database, task.id) == before


async def test_manual_runs_at_one_moment_have_ids_of_their_own(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    runs = await asyncio.gather(*(task_runs.run_task_now(database, "alice", task.id, now, None) for _ in range(5)))
    assert len({run.id for run in runs}) == 5


async def test_a_manual_run_is_made_once_for_its_key_also_at_once(database: Database) -> None:
    task = await save_hourly_task(database)
    wanted = (task_runs.run_task_now(database, "alice", task.id, clock.now(), key("runTask")) for _ in range(20))
    assert len({run.id for run in await asyncio.gather(*wanted)}) == 1
    assert await database.runs.count_documents({}) == 1
    with pytest.raises(IdempotencyKeyReused):
        await task_runs.run_task_now(database, "alice", task.id, clock.now(), key("runTask", "g"))


async def test_a_crash_between_key_and_run_is_repaired_by_the_next_try(database: Database) -> None:
    task = await save_hourly_task(database)
    thing = f"{task.id}:by-hand-1"
    await database.idempotency_keys.insert_one(claimed_key(key("runTask"), thing))
    assert (await task_runs.run_task_now(database, "alice", task.id, clock.now(), key("runTask"))).id == thing


async def test_a_key_whose_run_was_forgotten_makes_no_second_one(database: Database) -> None:
    task = await save_hourly_task(database)
    run = await task_runs.run_task_now(database, "alice", task.id, clock.now(), key("runTask"))
    await database.runs.delete_one({"_id": run.id})
    with pytest.raises(Conflict, match="deleted"):
        await task_runs.run_task_now(database, "alice", task.id, clock.now(), key("runTask"))


# --- retry ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", RunStatus)
async def test_retry_takes_runs_that_ended_badly_and_no_others(database: Database, status: RunStatus) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status)
    before = await load_run(database, run_id)
    if status not in RETRYABLE:
        with pytest.raises(Conflict, match=status.value):
            await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
        assert await load_run(database, run_id) == before
        return
    run = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert (run.status, run.round, run.open, run.reason, run.finished_at) == (S.QUEUED, 1, True, None, None)
    assert run.rank is not None
    assert run.rank > 0
    assert (await load_task(database, task.id))["active"] == [{"run": run_id, "shows": "PENDING"}]


async def test_a_retry_has_a_new_budget_and_the_tasks_present_settings(database: Database) -> None:
    task = await save_hourly_task(database)
    attempts: list[Any] = [{"number": number, "outcome": "FAILED"} for number in (1, 2, 3)]
    run_id = await add_run(
        database, task.id, S.FAILED, attempts=attempts, lost=4, final={"status": "FAILED", "reason": "TASK_PAUSED"}
    )
    await saving.update_task(
        database, "alice", task.id, {"job": http_job("http://127.0.0.1:9/new"), "name": "new"}, clock.now()
    )
    run = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert (run.budget_from, run.lost, run.final, run.attempts) == (3, 0, None, attempts)
    assert (run.job["params"]["url"], run.task_name, run.task_version) == ("http://127.0.0.1:9/new", "new", 2)


async def test_a_manual_runs_retry_does_not_touch_the_task(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED, trigger=Trigger.MANUAL)
    before = await load_task(database, task.id)
    await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert await load_task(database, task.id) == before


async def test_a_retry_asked_for_many_times_with_one_key_is_made_once(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED)
    wanted = (task_runs.retry_run(database, "alice", run_id, clock.now(), key("retryRun")) for _ in range(20))
    assert {(run.id, run.round) for run in await asyncio.gather(*wanted)} == {(run_id, 1)}
    await database.runs.update_one({"_id": run_id}, {"$set": {"status": "FAILED", "open": False}})
    assert (await task_runs.retry_run(database, "alice", run_id, clock.now(), key("retryRun"))).status is S.FAILED
    with pytest.raises(IdempotencyKeyReused):
        await task_runs.retry_run(database, "alice", run_id, clock.now(), key("retryRun", "g"))


async def test_a_crash_between_key_and_retry_is_repaired_by_the_next_try(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED)
    await database.idempotency_keys.insert_one(claimed_key(key("retryRun"), run_id, 0))
    assert (await task_runs.retry_run(database, "alice", run_id, clock.now(), key("retryRun"))).round == 1


# --- cancel ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", RunStatus)
async def test_cancel_in_each_state(database: Database, status: RunStatus, trigger: Trigger) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status, trigger=trigger)
    before = await load_run(database, run_id)
    if status in SETTLED_STATUSES - {S.CANCELLED}:
        with pytest.raises(Conflict, match=status.value):
            await task_runs.cancel_run(database, "alice", run_id, clock.now())
    else:
        await task_runs.cancel_run(database, "alice", run_id, clock.now())
    after, stored = await load_run(database, run_id), await load_task(database, task.id)
    if status in SETTLED_STATUSES:
        assert after == before
    elif status is S.RUNNING:
        assert after["status"] == "RUNNING"
        assert after["cancel_requested_at"] is not None
        assert after["final"] == {"status": "CANCELLED", "reason": "CANCEL_REQUESTED"}
    else:
        assert (after["status"], after["reason"], after["open"]) == ("CANCELLED", "CANCEL_REQUESTED", False)
        assert (stored["status"], stored["active"]) == ("PENDING", [])


async def test_a_run_that_waited_for_a_cancelled_one_is_released(database: Database) -> None:
    task = await save_hourly_task(database)
    first = await add_run(database, task.id, S.QUEUED)
    second = await add_run(database, task.id, S.QUEUED, ago=-clock.MILLISECOND, blocked=True, after=first, rank=None)
    await task_runs.cancel_run(database, "alice", first, clock.now())
    run = await load_run(database, second)
    assert (run["blocked"], run["after"]) == (False, None)
    assert run["queued_at"] is not None
    assert run["rank"] == clock.epoch_milliseconds(run["queued_at"])


async def test_a_cancel_that_broke_off_is_finished_by_the_next_one(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.QUEUED)
    await database.runs.update_one({"_id": run_id}, {"$set": {"status": "CANCELLED", "open": False}})
    await task_runs.cancel_run(database, "alice", run_id, clock.now())
    assert (await load_task(database, task.id))["active"] == []


Verb = Callable[[Database, str, str], Awaitable[Any]]
VERBS: dict[str, Verb] = {
    "run now": lambda database, owner, one: task_runs.run_task_now(
        database, owner, one.partition(":")[0], clock.now(), None
    ),
    "retry": lambda database, owner, one: task_runs.retry_run(database, owner, one, clock.now(), None),
    "cancel": lambda database, owner, one: task_runs.cancel_run(database, owner, one, clock.now()),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_stranger_has_no_such_run_or_task(database: Database, verb: str) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED)
    for owner, one in [("bob", run_id), ("alice", f"{task.id}x:1"), ("alice", "x"), ("", run_id)]:
        with pytest.raises(NotFound):
            await VERBS[verb](database, owner, one)
    assert (await load_run(database, run_id))["round"] == 0
    assert await database.runs.count_documents({}) == 1


@pytest.mark.parametrize("verb", ["run now", "retry"])
async def test_a_deleted_task_makes_no_runs(database: Database, verb: str) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, S.FAILED)
    verbs = [VERBS[verb](database, "alice", run_id) for _ in range(6)]
    results = await asyncio.gather(
        lifecycle.delete_task(database, "alice", task.id, clock.now()), *verbs, return_exceptions=True
    )
    assert all(not isinstance(one, Exception) or isinstance(one, NotFound | Conflict) for one in results)
    with pytest.raises((NotFound, Conflict)):
        await VERBS[verb](database, "alice", run_id)


async def test_a_task_shows_a_bounded_number_of_runs_that_are_asked_for_again(database: Database) -> None:
    """A replay may reopen thousands of runs, and each change of one rewrites the task that lists them."""
    task = await save_hourly_task(database)
    again = [await add_run(database, task.id, S.FAILED, ago=timedelta(days=days)) for days in (1, 2, 3)]
    entries = [{"run": f"{task.id}:{number}", "shows": "PENDING"} for number in range(task_runs.MAX_ACTIVE_RUNS - 1)]
    await database.tasks.update_one({"_id": task.id}, {"$set": {"active": entries}})
    await database.runs.update_many({"_id": {"$in": again}}, {"$set": {"status": "QUEUED", "open": True}})
    for run in again:
        await task_runs.show_reopened(database, [run])
    assert len((await load_task(database, task.id))["active"]) == task_runs.MAX_ACTIVE_RUNS


async def test_a_run_remembers_the_last_times_it_was_done_again(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    many = [{"replay": f"r{number}", "at": now, "round": number} for number in range(1, MAX_REPLAY_ENTRIES + 1)]
    run_id = await add_run(database, task.id, RunStatus.FAILED, replays=many, round=MAX_REPLAY_ENTRIES)
    run = await task_runs.retry_run(database, "alice", run_id, now, None)
    assert run.replays == [*many[1:], {"replay": None, "at": now, "round": MAX_REPLAY_ENTRIES + 1}]


async def test_the_settings_are_the_tasks_present_ones_or_the_runs_own(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED, attempts=[ended_attempt()])
    await saving.update_task(database, "alice", task.id, {"job": http_job(f"{AWAY}new")}, clock.now())
    original = await task_runs.retry_run(database, "alice", run_id, clock.now(), None, ReplaySettings.ORIGINAL)
    assert (original.job["params"]["url"], original.task_version, original.pinned) == (AWAY, 1, True)
    assert original.budget_from == 1
    await saving.update_task(database, "alice", task.id, {"job": http_job(f"{AWAY}newer")}, clock.now())
    assert (await load_run(database, run_id))["job"]["params"]["url"] == AWAY  # an edit leaves a pinned run as it is
    await fail(database, run_id)
    current = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert (current.job["params"]["url"], current.task_version, current.pinned) == (f"{AWAY}newer", 3, False)


async def test_a_replay_sends_only_what_is_still_a_dead_letter_of_that_round(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    document = await load_task(database, task.id)

    async def send(round_: int, replay: str = "alice/r1") -> int:
        update = task_runs.new_round_update(run_id, round_, document, clock.now(), ReplaySettings.CURRENT, replay)
        return (await database.runs.bulk_write([update])).modified_count

    assert await send(1) == 0
    await discard_runs(database, [run_id], clock.now())
    assert await send(0) == 0
    await database.runs.update_one({"_id": run_id}, {"$set": {"discarded_at": None, "status": "CANCELLED"}})
    assert await send(0) == 0
    await fail(database, run_id)
    assert [await send(0), await send(0), await send(1)] == [1, 0, 0]
    assert [entry["replay"] for entry in (await load_run(database, run_id))["replays"]] == ["alice/r1"]


async def test_a_run_that_ended_before_its_task_knew_of_the_retry_is_counted_all_the_same(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"consecutive_failures": 3}})
    await database.runs.update_one({"_id": run_id}, {"$set": {"status": "COMPLETED", "round": 1}})
    await task_runs.show_reopened(database, [run_id])
    after = await load_task(database, task.id)
    assert (after["consecutive_failures"], after["active"]) == (0, [])
