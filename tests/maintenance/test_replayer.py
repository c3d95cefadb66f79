"""Replays against a real target that fails, is fixed, and gets its dead letters again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import add_dead_letters, fail
from tests.harness import Stack, TargetServer, http_job, make_settings, run_stack, save_task, wait_until
from tests.tasks.helpers import AWAY, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.dead_letters import replays, store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.replays import ReplayRequest
from tocsin.documents import Database, ReplaySettings, Trigger, User
from tocsin.errors import Conflict, NotFound
from tocsin.maintenance import replayer
from tocsin.maintenance.replayer import Replayer
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.wakeups import Wakeups

ALL = DeadLetterFilter()
HOUR = timedelta(hours=1)
FAST = 6_000
NO_LEASE = timedelta(0)
"""A lease that expires at once, so that a replay left by a dead process is free at once."""


@pytest.fixture(autouse=True)
def _patient_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pass advance all due replays, however busy the machine is."""
    monkeypatch.setattr(replayer, "MAX_PASS", HOUR)


async def create_replay(database: Database, **changes: Any) -> Any:
    given = ReplayRequest(**{"filter": ALL, "per_minute": FAST, "canary": False, **changes})
    return await replays.create_replay(database, "alice", given, clock.now())


async def load_replay(database: Database, replay: Any) -> Any:
    return await database.replays.find_one({"_id": replay["_id"]}) or {}


async def wait_until_closed(database: Database, replay: Any, seconds: float = 15) -> Any:
    """Return the replay once it is complete."""

    async def over() -> Any | None:
        found = await load_replay(database, replay)
        return None if found["open"] else found

    found: Any = await wait_until(over, seconds)
    return found


def status_and_counts(replay: Any) -> tuple[str, int, int, int]:
    return replay["status"], replay["sent"], replay["succeeded"], replay["failed"]


async def make_passes(replayer_: Replayer, times: int = 1) -> None:
    for _ in range(times):
        await replayer_.advance_due_replays(clock.now())


async def settle_all(database: Database, status: str = "COMPLETED") -> None:
    """End all open runs."""
    # Not by `open` alone: the embedded database would use the index on task and open, and find nothing.
    async for run in database.runs.find({"status": {"$in": ["QUEUED", "RUNNING"]}}):
        await fail(database, run["_id"])
        await database.runs.update_one({"_id": run["_id"]}, {"$set": {"status": status}})


async def told(database: Database) -> list[tuple[str, int, int, str | None]]:
    """Return what users were told of replays: the status, the counts of sent and failed runs, and the reason."""
    found = await database.notifications.find({"kind": "REPLAY_FINISHED"}).to_list()
    return [(each["data"]["status"], each["data"]["sent"], each["data"]["failed"], each["data"].get("reason"))
            for each in found]  # fmt: skip


@pytest.fixture
def replayer_(database: Database) -> Replayer:
    """A process that replays but has no workers."""
    return Replayer(database, Wakeups(), NO_LEASE)


async def seed_dead_letters(database: Database, count: int, **more: Any) -> list[str]:
    return await add_dead_letters(database, await save_hourly_task(database), count, **more)


async def list_sent(database: Database, replay: Any) -> list[str]:
    """Return the runs that name this replay, once for each time that they do."""
    found = await database.runs.find({"replays.replay": replay["_id"]}).sort("finished_at", 1).to_list()
    return [run["_id"] for run in found for entry in run["replays"] if entry["replay"] == replay["_id"]]


# --- with a real target ---------------------------------------------------------------------------------------------


async def test_failed_runs_are_sent_again_after_their_canary_once_the_target_is_repaired(
    stack: Stack, target: TargetServer
) -> None:
    target.script = [500] * 6
    tasks = [await save_task(stack.database, target.url, retry=RetryPolicy(0, ())) for _ in range(6)]
    stack.scheduler.expect_due(clock.now())
    for task in tasks:
        await stack.wait_for_task(task.id, "FAILED")
    assert await store.count_dead_letters(stack.database, "alice", ALL) == 6
    replay = await create_replay(stack.database, canary=True)
    assert (replay["status"], replay["selected"]) == ("CANARY", 6)
    over = await wait_until_closed(stack.database, replay)
    assert status_and_counts(over) == ("COMPLETED", 6, 6, 0)
    assert over["finished_at"] is not None
    assert await told(stack.database) == [("COMPLETED", 6, 0, None)]
    assert sorted(target.run_ids()[6:]) == sorted(target.run_ids()[:6])
    assert await store.count_dead_letters(stack.database, "alice", ALL) == 0
    for task in tasks:
        await stack.wait_for_task(task.id, "COMPLETED")
    canary = await stack.run(over["canary_run"])
    others = [run async for run in stack.database.runs.find({"_id": {"$ne": canary["_id"]}})]
    assert all(run["replays"][0]["at"] >= canary["finished_at"] for run in others)


async def test_a_canary_that_fails_ends_the_replay(stack: Stack, target: TargetServer) -> None:
    target.script = [500] * 3
    task = await save_task(stack.database, target.url, schedules.Every(HOUR, clock.now() + HOUR))
    ids = await add_dead_letters(stack.database, task, 5)
    replay = await create_replay(stack.database, canary=True)
    over = await wait_until_closed(stack.database, replay)
    assert status_and_counts(over) == ("FAILED", 1, 0, 1)
    assert "canary run failed" in over["reason"]
    ((status, sent, failed, reason),) = await told(stack.database)
    assert (status, sent, failed) == ("FAILED", 1, 1)
    assert reason is not None
    assert "canary run failed" in reason
    assert len(target.calls) == 3  # with all its retries
    assert await list_sent(stack.database, replay) == [ids[0]]
    assert await store.count_dead_letters(stack.database, "alice", ALL) == 5


async def test_a_run_that_fails_again_is_one_dead_letter_and_is_sent_once_by_each_replay(
    stack: Stack, target: TargetServer
) -> None:
    target.script = [500] * 100
    task = await save_task(
        stack.database, target.url, schedules.Every(HOUR, clock.now() + HOUR), retry=RetryPolicy(0, ())
    )
    ids = await add_dead_letters(stack.database, task, 7)
    for number in (1, 2):
        replay = await create_replay(stack.database)
        assert replay["selected"] == 7
        assert status_and_counts(await wait_until_closed(stack.database, replay)) == ("COMPLETED", 7, 0, 7)
        assert sorted(await list_sent(stack.database, replay)) == ids
        assert len(target.calls) == 7 * number
        assert await store.count_dead_letters(stack.database, "alice", ALL) == 7


async def test_two_processes_send_each_run_once(database: Database, target: TargetServer) -> None:
    task = await save_task(database, target.url, schedules.Every(HOUR, clock.now() + HOUR))
    ids = await add_dead_letters(database, task, 120)
    async with run_stack(database), run_stack(database):
        replay = await create_replay(database, canary=True)
        assert status_and_counts(await wait_until_closed(database, replay, 30)) == ("COMPLETED", 120, 120, 0)
    assert sorted(target.run_ids()) == ids


async def test_the_task_shows_that_its_run_is_repeated(stack: Stack, target: TargetServer) -> None:
    target.script = [500]
    task = await save_task(stack.database, f"{target.url}/wait", retry=RetryPolicy(0, ()))
    target.release.set()
    await stack.wait_for_task(task.id, "FAILED")
    target.release.clear()
    replay = await create_replay(stack.database)
    await stack.wait_for_task(task.id, "RUNNING")
    target.release.set()
    await stack.wait_for_task(task.id, "COMPLETED")
    assert status_and_counts(await wait_until_closed(stack.database, replay)) == ("COMPLETED", 1, 1, 0)


# --- step by step ---------------------------------------------------------------------------------------------------


async def test_a_replay_of_nothing_is_complete_at_once(database: Database, replayer_: Replayer) -> None:
    for canary in (True, False):
        replay = await create_replay(database, canary=canary)
        await make_passes(replayer_, 3)
        assert status_and_counts(await load_replay(database, replay)) == ("COMPLETED", 0, 0, 0)


async def test_the_rest_waits_for_the_canary(database: Database, replayer_: Replayer) -> None:
    ids = await seed_dead_letters(database, 4)
    replay = await create_replay(database, canary=True)
    await make_passes(replayer_, 5)
    assert await list_sent(database, replay) == [ids[0]]
    assert (await load_replay(database, replay))["status"] == "CANARY"
    await settle_all(database)

    async def others() -> bool:
        await make_passes(replayer_)
        return len(await list_sent(database, replay)) == 4

    await wait_until(others)


async def test_a_canary_that_is_taken_by_someone_else_is_replaced(database: Database, replayer_: Replayer) -> None:
    ids = await seed_dead_letters(database, 3)
    replay = await create_replay(database, canary=True)
    await make_passes(replayer_)
    assert (await load_replay(database, replay))["canary_run"] == ids[0]
    await store.discard_runs(database, [ids[0]], clock.now())
    await make_passes(replayer_, 4)
    assert (await load_replay(database, replay))["canary_run"] == ids[1]
    assert await list_sent(database, replay) == [ids[1]]


async def test_the_rate_is_kept(database: Database, replayer_: Replayer) -> None:
    ids = await seed_dead_letters(database, 10)
    replay = await create_replay(database, per_minute=120)
    await make_passes(replayer_, 10)
    assert await list_sent(database, replay) == ids[:2]
    later = clock.now() + timedelta(seconds=0.9)
    await replayer_.advance_due_replays(later)
    next_at = (await load_replay(database, replay))["next_at"]
    assert next_at - clock.now() <= timedelta(seconds=1)
    assert len(await list_sent(database, replay)) == 2


async def test_a_slow_replay_sends_one_a_minute(database: Database, replayer_: Replayer) -> None:
    ids = await seed_dead_letters(database, 3)
    replay = await create_replay(database, per_minute=1)
    await make_passes(replayer_, 5)
    found = await load_replay(database, replay)
    assert await list_sent(database, replay) == ids[:1]
    assert timedelta(seconds=58) < found["next_at"] - clock.now() <= timedelta(seconds=60)


async def test_a_run_that_cannot_be_sent_is_skipped_with_its_reason(database: Database, replayer_: Replayer) -> None:
    kept, gone = await save_hourly_task(database), await save_hourly_task(database)
    (fine,) = await add_dead_letters(database, kept, 1)
    await add_dead_letters(database, kept, 2, trigger=Trigger.WORKFLOW.value)
    await add_dead_letters(database, kept, 1, attempts=[{"number": number} for number in range(1, 101)])
    await add_dead_letters(database, gone, 3)
    await lifecycle.delete_task(database, "alice", gone.id, clock.now())
    replay = await create_replay(database)
    assert replay["selected"] == 7
    await make_passes(replayer_, 5)
    assert await list_sent(database, replay) == [fine]
    await settle_all(database)
    over = await work_until_closed(database, replayer_, replay)
    assert over["skips"] == {"WORKFLOW_STEP": 2, "ATTEMPTS_USED_UP": 1, "TASK_DELETED": 3}
    assert status_and_counts(over) == ("COMPLETED", 1, 1, 0)


async def work_until_closed(database: Database, replayer_: Replayer, replay: Any) -> Any:
    async def over() -> Any | None:
        await make_passes(replayer_)
        found = await load_replay(database, replay)
        return None if found["open"] else found

    found: Any = await wait_until(over)
    return found


async def test_it_reads_on_after_the_rows_that_it_read_ahead(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "READ_AHEAD", 3)
    ids = await seed_dead_letters(database, 11)
    replay = await create_replay(database)

    async def all_sent() -> bool:
        await make_passes(replayer_)
        await database.replays.update_one({"_id": replay["_id"]}, {"$set": {"recent": [], "next_at": clock.now()}})
        return len(await list_sent(database, replay)) == 11

    await wait_until(all_sent)
    assert sorted(await list_sent(database, replay)) == ids


async def test_a_stopped_replay_sends_no_more_and_counts_what_it_sent(database: Database, replayer_: Replayer) -> None:
    ids = await seed_dead_letters(database, 5)
    replay = await create_replay(database, per_minute=60)
    await make_passes(replayer_)
    with pytest.raises(NotFound):
        await replays.stop_replay(database, "bob", replay["_id"], clock.now())
    stopped = await replays.stop_replay(database, "alice", replay["_id"], clock.now())
    assert stopped["status"] == "STOPPED"
    assert stopped["finished_at"] is not None
    await replays.stop_replay(database, "alice", replay["_id"], clock.now())
    await make_passes(replayer_, 3)
    assert (await load_replay(database, replay))["open"]
    await settle_all(database)
    assert status_and_counts(await work_until_closed(database, replayer_, replay)) == ("STOPPED", 1, 1, 0)
    assert await list_sent(database, replay) == ids[:1]


@pytest.mark.parametrize("canary", [True, False])
async def test_a_stop_in_the_middle_of_a_step_comes_in_time(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch, canary: bool
) -> None:
    await seed_dead_letters(database, 3)
    replay = await create_replay(database, canary=canary)

    async def stop(*given: Any) -> Any:
        found = await tasks_of(*given)
        if not canary or (await load_replay(database, replay))["canary_run"] is not None:
            await replays.stop_replay(database, "alice", replay["_id"], clock.now())
        return found

    tasks_of = replays.find_tasks
    monkeypatch.setattr(replays, "find_tasks", stop)
    await make_passes(replayer_, 4)
    assert await list_sent(database, replay) == []
    assert status_and_counts(await load_replay(database, replay)) == ("STOPPED", 0, 0, 0)


async def test_a_replay_that_has_ended_cannot_be_stopped(database: Database, replayer_: Replayer) -> None:
    replay = await create_replay(database)
    await make_passes(replayer_, 2)
    with pytest.raises(Conflict, match="COMPLETED"):
        await replays.stop_replay(database, "alice", replay["_id"], clock.now())


async def test_the_replay_of_a_deactivated_user_is_stopped(database: Database, replayer_: Replayer) -> None:
    await seed_dead_letters(database, 3)
    user = User(id="alice", email="a@example.com", password="x", is_active=False, created_at=clock.now())
    await user.insert()
    replay = await create_replay(database, canary=True)
    await make_passes(replayer_, 3)
    found = await load_replay(database, replay)
    assert (status_and_counts(found), found["open"]) == (("STOPPED", 0, 0, 0), False)
    assert "deactivated" in found["reason"]


async def test_original_settings_outlive_an_edit(database: Database, replayer_: Replayer, target: TargetServer) -> None:
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 2)
    await saving.update_task(database, "alice", task.id, {"job": http_job(target.url)}, clock.now())
    for settings_, url in ((ReplaySettings.ORIGINAL, AWAY), (ReplaySettings.CURRENT, target.url)):
        replay = await create_replay(database, settings=settings_)
        await make_passes(replayer_)
        runs = [await load_run(database, run_id) for run_id in await list_sent(database, replay)]
        assert {run["job"]["params"]["url"] for run in runs} == {url}
        await settle_all(database, "FAILED")
        await asyncio.sleep(0.002)  # the failures must be older than the next replay


# --- crashes --------------------------------------------------------------------------------------------------------


async def test_a_crash_between_sending_and_counting_sends_nothing_twice_and_counts_all(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await seed_dead_letters(database, 150)
    replay = await create_replay(database)

    def crash(*_: object) -> Any:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(replayer_, "_cursor_after", crash)
        await make_passes(replayer_)
    found = await load_replay(database, replay)
    assert found["cursor_id"] is None
    assert found["claim"] is not None
    assert await list_sent(database, replay) == ids[:100]
    await settle_all(database, "FAILED")
    await database.runs.update_many(  # as with a clock that is behind: they seem to have failed before the replay
        {"_id": {"$in": ids[:100]}}, {"$set": {"finished_at": replay["until"] - timedelta(minutes=10)}}
    )
    survivor = Replayer(database, Wakeups())

    async def all_sent() -> bool:
        await make_passes(survivor)
        await settle_all(database)
        return not (await load_replay(database, replay))["open"]

    await wait_until(all_sent, 20)
    assert sorted(await list_sent(database, replay)) == ids
    assert status_and_counts(await load_replay(database, replay)) == ("COMPLETED", 150, 50, 100)


async def test_a_crash_before_sending_delays_the_sending(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await seed_dead_letters(database, 3)
    replay = await create_replay(database, canary=True)

    async def crash(*_: object) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(replayer_, "_send_runs", crash)
        await make_passes(replayer_, 3)
    assert await list_sent(database, replay) == []
    survivor = Replayer(database, Wakeups())
    await make_passes(survivor, 2)
    assert await list_sent(database, replay) == [ids[0]]


async def test_a_run_that_was_sent_before_a_crash_is_shown_on_its_task(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await save_task(database, AWAY, schedules.Every(HOUR, clock.now() + HOUR))
    (run_id,) = await add_dead_letters(database, task, 1, trigger=Trigger.SCHEDULE.value)
    await create_replay(database)

    async def crash(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(task_runs, "show_reopened", crash)
        await make_passes(replayer_)
    assert (await load_task(database, task.id))["active"] == []
    await make_passes(replayer_)
    assert [entry["run"] for entry in (await load_task(database, task.id))["active"]] == [run_id]


async def test_a_replay_that_cannot_go_on_does_not_hold_up_the_others(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed_dead_letters(database, 2)
    broken = await create_replay(database)
    await database.replays.update_one({"_id": broken["_id"]}, {"$set": {"filter": {"nonsense": 1}}})
    good = await create_replay(database)
    await make_passes(replayer_)
    assert len(await list_sent(database, good)) == 2
    assert (await load_replay(database, broken))["open"]


async def test_its_end_is_told_once_though_the_process_dies_before_it_is_stored(
    database: Database, replayer_: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed_dead_letters(database, 2)
    replay = await create_replay(database)
    await make_passes(replayer_, 2)
    await settle_all(database)
    update = replays.update_claimed

    async def die_at_the_end(database: Database, replay: Any, changes: Any, *rest: Any) -> bool:
        if changes.get("open") is False:
            raise RuntimeError("killed")
        return await update(database, replay, changes, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(replays, "update_claimed", die_at_the_end)

        async def is_told() -> bool:
            await make_passes(replayer_)
            return await told(database) == [("COMPLETED", 2, 0, None)]

        await wait_until(is_told)
    assert (await load_replay(database, replay))["open"]

    async def is_closed() -> bool:
        await make_passes(replayer_)
        return not (await load_replay(database, replay))["open"]

    await wait_until(is_closed)
    assert await told(database) == [("COMPLETED", 2, 0, None)]


# --- queries --------------------------------------------------------------------------------------------------------


def test_the_lease_is_short() -> None:
    assert replayer.REPLAY_LEASE.total_seconds() <= make_settings().lease_seconds


async def test_one_owners_many_replays_take_turns_with_anothers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long pass advances one replay of each owner, however many of one owner are due."""
    monkeypatch.setattr(replayer, "MAX_PASS", timedelta(0))
    now = clock.now()
    made = [
        await replays.create_replay(database, "mallory", ReplayRequest(DeadLetterFilter(), canary=False), now)
        for _ in range(5)
    ]
    hers = await replays.create_replay(database, "alice", ReplayRequest(DeadLetterFilter(), canary=False), now)
    await Replayer(database, Wakeups()).advance_due_replays(clock.now())
    going = {row["_id"] async for row in database.replays.find({"open": True})}
    assert hers["_id"] not in going
    assert len(going & {replay["_id"] for replay in made}) == 4
