"""Replays as their owner creates, finds and stops them, and as one process claims them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import add_dead_letters
from tests.tasks.helpers import load_run, save_hourly_task
from tocsin import clock
from tocsin.dead_letters import replays
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.plan import MAX_PER_MINUTE, ReplayProgress, SentBatch
from tocsin.dead_letters.replays import ReplayRequest
from tocsin.documents import Database, ReplayStatus
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.tasks.idempotency import IdempotentCall

WHOLE = ReplayRequest(DeadLetterFilter(), canary=False)
LEASE = timedelta(seconds=10)


async def test_a_replay_is_claimed_by_one_process(database: Database) -> None:
    await add_dead_letters(database, await save_hourly_task(database), 3)
    replay = await replays.create_replay(database, "alice", WHOLE, clock.now())
    now = clock.now()
    claimed = await asyncio.gather(*(replays.claim_replay(database, replay["_id"], now, LEASE) for _ in range(10)))
    (mine,) = [found for found in claimed if found is not None]
    assert await replays.find_due_replays(database, now) == []
    later = now + LEASE
    assert await replays.find_due_replays(database, later) == [replay["_id"]]
    other = await replays.claim_replay(database, replay["_id"], later, LEASE)
    assert other is not None
    assert (mine["left"], other["left"]) == (False, True)
    assert not await replays.update_claimed(database, mine, {"reason": "late"})
    assert await replays.update_claimed(database, other, {"reason": "x"}, [ReplayStatus.RUNNING])
    assert not await replays.update_claimed(database, other, {"reason": "y"}, [ReplayStatus.CANARY])


async def test_one_idempotency_key_creates_one_replay(database: Database) -> None:
    key = IdempotentCall("alice", "replayDeadLetters", "k", "f")
    made = await asyncio.gather(*(replays.create_replay(database, "alice", WHOLE, clock.now(), key) for _ in range(10)))
    assert len({replay["_id"] for replay in made}) == 1
    assert await database.replays.count_documents({}) == 1


async def test_the_open_replays_of_a_user_are_limited(database: Database) -> None:
    for _ in range(replays.MAX_OPEN_REPLAYS):
        await replays.create_replay(database, "alice", WHOLE, clock.now())
    with pytest.raises(Conflict, match="maximum"):
        await replays.create_replay(database, "alice", WHOLE, clock.now())
    await replays.create_replay(database, "bob", WHOLE, clock.now())


@pytest.mark.parametrize("per_minute", [0, MAX_PER_MINUTE + 1])
async def test_a_rate_out_of_range_is_refused(database: Database, per_minute: int) -> None:
    with pytest.raises(InvalidInput, match="perMinute"):
        await replays.create_replay(
            database, "alice", ReplayRequest(DeadLetterFilter(), per_minute=per_minute), clock.now()
        )
    assert await database.replays.count_documents({}) == 0


async def test_a_replay_is_found_and_stopped_by_its_owner_only(database: Database) -> None:
    replay_id = (await replays.create_replay(database, "alice", WHOLE, clock.now()))["_id"]
    assert await replays.find_replay(database, "bob", replay_id) is None
    for who, which in (("bob", replay_id), ("alice", "alice/r0")):
        with pytest.raises(NotFound):
            await replays.stop_replay(database, who, which, clock.now())
    for _ in range(2):
        assert (await replays.stop_replay(database, "alice", replay_id, clock.now()))["status"] == "STOPPED"


async def test_a_released_replay_is_due_again(database: Database) -> None:
    replay_id, now = (await replays.create_replay(database, "alice", WHOLE, clock.now()))["_id"], clock.now()
    claimed = await replays.claim_replay(database, replay_id, now, LEASE)
    assert claimed is not None
    await replays.release_replay(database, claimed, now + LEASE)
    assert await replays.find_due_replays(database, now) == []
    again = await replays.claim_replay(database, replay_id, now + LEASE, LEASE)
    assert again is not None
    assert not again["left"]


async def test_runs_are_requeued_once_and_counted_until_they_end(database: Database) -> None:
    task = await save_hourly_task(database)
    ids = await add_dead_letters(database, task, 2)
    replay = await replays.create_replay(database, "alice", WHOLE, clock.now())
    rows: Any = [await load_run(database, run_id) for run_id in ids]
    tasks = await replays.find_tasks(database, rows)
    assert list(tasks) == [task.id]
    assert [await replays.requeue_runs(database, replay, rows, tasks, clock.now()) for _ in range(2)] == [2, 0]
    for run_id, status in zip(ids, ("COMPLETED", "FAILED"), strict=True):
        await database.runs.update_one({"_id": run_id}, {"$set": {"status": status, "open": False}})
    assert await replays.load_progress(database, replay) == ReplayProgress(2, 1, 1)


def test_sent_batches_are_stored_and_read_back() -> None:
    sent: Any = [SentBatch(clock.now(), 3)]
    assert replays.sent_from_document({"recent": replays.sent_to_documents(sent)}) == sent  # type: ignore[typeddict-item]
